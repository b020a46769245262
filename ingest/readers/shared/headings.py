"""From headings with levels to marks with paths of headings."""

from collections.abc import Iterable
from typing import NamedTuple

from wherein.ingest.document import Mark

__all__ = ["Heading", "HeadingPath", "first_heading", "heading_marks"]


class Heading(NamedTuple):
    """A heading at character `start`; level 1 is the outermost."""

    start: int
    level: int
    title: str


class HeadingPath:
    """The headings that are open at the point reached in a document."""

    def __init__(self) -> None:
        self._open: list[tuple[int, str]] = []

    def enter(self, level: int, title: str) -> tuple[str, ...]:
        """Open a heading, close those of its level and deeper, and return the titles, outermost first."""
        while self._open and self._open[-1][0] >= level:
            self._open.pop()
        self._open.append((level, title))
        return self.titles

    @property
    def titles(self) -> tuple[str, ...]:
        """The titles of the open headings, outermost first."""
        return tuple(title for _, title in self._open)


def heading_marks(headings: Iterable[Heading]) -> tuple[Mark, ...]:
    """Return a mark for each heading, in the order given."""
    path = HeadingPath()
    return tuple(Mark(h.start, heading=path.enter(h.level, h.title)) for h in headings)


def first_heading(marks: Iterable[Mark]) -> str:
    """Return the first heading in the marks; "" without one."""
    return next((mark.heading[0] for mark in marks if mark.heading), "")
