"""From slides to one text, with the number of a slide as the page and its title as the heading."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from wherein.errors import Unreadable
from wherein.ingest.document import Mark
from wherein.ingest.readers.shared.blocks import Block, join_blocks
from wherein.ingest.readers.shared.count_notes import textless_note, unreadable_note
from wherein.ingest.readers.shared.reasons import DAMAGED
from wherein.ingest.readers.shared.skipped import Skipped

__all__ = ["Slide", "join_slides"]

_GAP = "\n\n"
_NOTES = "Notes"


@dataclass(frozen=True)
class Slide:
    """The title of a slide (one line; "" without one), the rest of its visible text, and the speaker's notes."""

    title: str
    blocks: Sequence[Block]
    notes: Sequence[Block] = ()


def join_slides(slides: Iterable[Slide | None]) -> tuple[str, tuple[Mark, ...], tuple[str, ...]]:
    """Return the text, a mark for each slide and for its notes, and notes that name slides without text.

    None stands for a slide that cannot be read. Raises Unreadable when all are, Skipped when none has text.
    """
    parts: list[str] = []
    marks: list[Mark] = []
    textless: list[int] = []
    unreadable: list[int] = []
    start = number = 0
    for number, slide in enumerate(slides, 1):
        sections = list(_sections(slide)) if slide else []
        if not sections:
            (textless if slide else unreadable).append(number)
        for heading, text in sections:
            marks.append(Mark(start, number, heading))
            parts.append(text)
            start += len(text) + len(_GAP)
    if number and len(unreadable) == number:
        raise Unreadable(f"{DAMAGED}: none of its slides can be read")
    if not parts:
        raise Skipped(f"no text on its {number} slides" if number != 1 else "no text on its 1 slide")
    notes = (*unreadable_note(unreadable, number, "slides"), *textless_note(textless, number, "slides"))
    return _GAP.join(parts), tuple(marks), notes


def _sections(slide: Slide) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield the heading path and the text of the slide and of the speaker's notes, if they have text."""
    title = [Block(slide.title, level=1)] if slide.title else []
    heading = (slide.title,) if slide.title else ()
    for blocks, path in (([*title, *slide.blocks], heading), (slide.notes, (*heading, _NOTES))):
        text, _ = join_blocks(blocks)
        if text:
            yield path, text
