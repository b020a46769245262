"""What paragraphs, lists and tables of an office document become: the same blocks as those of a web page."""

from collections.abc import Sequence

from wherein.ingest.document import Mark
from wherein.ingest.readers.shared.blocks import HYPHEN, Block, Page, joined
from wherein.ingest.readers.shared.headings import Heading

__all__ = ["Flow", "mark_of_notes"]

_DEEPEST = 9


class Flow:
    """A text that is written paragraph by paragraph, with tables around some of them."""

    def __init__(self) -> None:
        self._page = Page()
        self._lists = 0

    def paragraph(self, text: str, heading: int = 0, item: int = 0, label: str = "") -> None:
        """Add a paragraph: a heading of level `heading`, an item of a list that is `item` deep, or (both 0) plain.

        A newline in `text` is a line break. An item begins with its `label`, or with a hyphen.
        """
        self._go_to_list(0 if heading else min(item, _DEEPEST))
        tag = f"h{min(heading, 6)}" if heading else "li" if item else "p"
        self._page.marker = label or HYPHEN
        self._page.enter(tag)
        for number, line in enumerate(text.split("\n")):
            if number:
                self._page.enter("br")
            self._page.text(line)
        self._page.leave(tag)

    def enter(self, tag: str) -> None:
        """Begin a `table`, row (`tr`) or cell (`td`)."""
        self._go_to_list(0)
        self._page.enter(tag)

    def leave(self, tag: str) -> None:
        """End a `table`, row (`tr`) or cell (`td`)."""
        self._go_to_list(0)
        self._page.leave(tag)

    @property
    def blocks(self) -> Sequence[Block]:
        """What has been written."""
        return self._page.blocks

    def joined(self) -> tuple[str, list[Heading]]:
        """Return the text and its headings."""
        return joined(self._page.blocks)

    def _go_to_list(self, depth: int) -> None:
        while self._lists > depth:
            self._page.leave("ul")
            self._lists -= 1
        while self._lists < depth:
            self._page.enter("ul")
            self._lists += 1


def mark_of_notes(text: str, whole: str) -> tuple[Mark, ...]:
    """Return the mark of the notes that follow on `text` in `whole`: they stand under no heading."""
    notes = whole[len(text) :].lstrip()
    return (Mark(len(whole) - len(notes)),) if notes and text else ()
