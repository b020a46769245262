"""Keys that are unique within one file."""

from wherein.ingest.readers.shared.decode import clean

__all__ = ["UniqueKeys"]

_MAX_LENGTH = 1_000


class UniqueKeys:
    """Gives each record or member of a file a unique key: its name, followed by a number if the name is taken."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}

    def key(self, name: str) -> str:
        """Return the key for the next member of that name, such as `a/b.txt` or `a/b.txt (2)`."""
        steps = (step for step in clean(name).split("/") if step not in ("", "."))
        path = "/".join(steps)[:_MAX_LENGTH] or "unnamed"
        key = path
        while key in self._counts:
            self._counts[path] += 1
            key = f"{path} ({self._counts[path]})"
        self._counts[key] = 1
        return key
