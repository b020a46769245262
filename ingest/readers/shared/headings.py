"""From headings with levels to marks with paths."""

from collections.abc import Iterable
from typing import NamedTuple

from wherein.ingest.document import Mark

__all__ = ["Heading", "Trail", "marks_of"]


class Heading(NamedTuple):
    """A heading at character `start`; level 1 is the outermost."""

    start: int
    level: int
    title: str


class Trail:
    """The path of headings that the reading has come along."""

    def __init__(self) -> None:
        self._steps: list[tuple[int, str]] = []

    def go(self, level: int, title: str) -> tuple[str, ...]:
        """Enter a heading, leave those it ends, and return the path, outermost first."""
        while self._steps and self._steps[-1][0] >= level:
            self._steps.pop()
        self._steps.append((level, title))
        return self.path

    @property
    def path(self) -> tuple[str, ...]:
        """The titles of the headings that are open, outermost first."""
        return tuple(title for _, title in self._steps)


def marks_of(headings: Iterable[Heading]) -> tuple[Mark, ...]:
    """Return one mark a heading, in the order given."""
    trail = Trail()
    return tuple(Mark(h.start, heading=trail.go(h.level, h.title)) for h in headings)
