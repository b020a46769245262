"""Values above a limit are reduced to it, and the answer says so."""

from __future__ import annotations

__all__ = ["Clamp"]


class Clamp:
    """Reduces the values of one request; `notes` say which."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def __call__(self, name: str, value: int, most: int) -> int:
        """Return a value, but at most `most`."""
        if value <= most:
            return value
        self.notes.append(f"{name} was reduced to {most:,}, the most that this server gives at once")
        return most
