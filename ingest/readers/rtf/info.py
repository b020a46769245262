"""The properties of an RTF file."""

from wherein.ingest.document import JSONValue
from wherein.ingest.readers.rtf.flow import joined
from wherein.ingest.readers.shared.metadata import standard_metadata

__all__ = ["TIME_WORDS", "Info"]

TIME_WORDS = {"yr": 0, "mo": 1, "dy": 2, "hr": 3, "min": 4}
"""The words for the parts of a time, and their indexes in it."""

_DATES = ("created", "modified")


class Info:
    """The title, the other texts and the times that a file states about itself."""

    def __init__(self) -> None:
        self._texts: dict[str, list[str]] = {}
        self._times: dict[str, list[int]] = {}

    def text(self, name: str) -> list[str]:
        """Return the list that the text of a property is collected in."""
        return self._texts.setdefault(name, [])

    def set_time(self, name: str, word: str, number: int) -> None:
        """Set a part of a time; ignored for properties that are not a time."""
        if name in _DATES:
            self._times.setdefault(name, [0, 1, 1, 0, 0])[TIME_WORDS[word]] = number

    @property
    def title(self) -> str:
        """The title, "" without one."""
        return self._line("title")

    @property
    def metadata(self) -> dict[str, JSONValue]:
        """The standard metadata."""
        texts = {name: self._line(name) for name in self._texts if name not in ("title", *_DATES)}
        times = {name: "{:04}-{:02}-{:02}T{:02}:{:02}".format(*parts) for name, parts in self._times.items()}
        return standard_metadata(**texts, **times)

    def _line(self, name: str) -> str:
        return " ".join(joined(self._texts.get(name, ())).split())
