"""A key of its own for each record or member of a file."""

from wherein.ingest.readers.shared.decode import clean

__all__ = ["Keys"]

_LONGEST_NAME = 1_000


class Keys:
    """Gives each member a key of its own: its name, and where that is taken, a number behind it."""

    def __init__(self) -> None:
        self._times: dict[str, int] = {}

    def key(self, name: str) -> str:
        """Return the key for the next member that is called so."""
        steps = (step for step in clean(name).split("/") if step not in ("", "."))
        plain = "/".join(steps)[:_LONGEST_NAME] or "unnamed"
        key = plain
        while key in self._times:
            self._times[plain] += 1
            key = f"{plain} ({self._times[plain]})"
        self._times[key] = 1
        return key
