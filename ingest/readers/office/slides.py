"""From the slides of a presentation to one text: each has its number as the page and its title as the heading."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from wherein.errors import Unreadable
from wherein.ingest.document import Mark
from wherein.ingest.readers.shared.blocks import Block, joined
from wherein.ingest.readers.shared.number_ranges import counted
from wherein.ingest.readers.shared.package import DAMAGED
from wherein.ingest.readers.shared.skipped import Skipped

__all__ = ["Slide", "joined_slides"]

_GAP = "\n\n"
_NOTES = "Notes"


@dataclass(frozen=True)
class Slide:
    """What is seen on a slide, with its title (a line; "" without one) apart, and what the speaker's notes say."""

    title: str
    blocks: Sequence[Block]
    notes: Sequence[Block] = ()


def joined_slides(slides: Iterable[Slide | None]) -> tuple[str, tuple[Mark, ...], tuple[str, ...]]:
    """Return the text, a mark for each slide and for its notes, and notes that count slides without text.

    A slide that cannot be read is None. Raises Unreadable when all are, Skipped when none has text.
    """
    parts: list[str] = []
    marks: list[Mark] = []
    silent: list[int] = []
    lost: list[int] = []
    start = number = 0
    for number, slide in enumerate(slides, 1):
        found = list(_parts(slide)) if slide else []
        if not found:
            (silent if slide else lost).append(number)
        for heading, text in found:
            marks.append(Mark(start, number, heading))
            parts.append(text)
            start += len(text) + len(_GAP)
    if number and len(lost) == number:
        raise Unreadable(f"{DAMAGED}: no slide of it can be read")
    if not parts:
        raise Skipped(f"no text in its {number} slides" if number != 1 else "no text in its 1 slide")
    notes = (*counted(lost, number, "slides", "cannot be read"), *counted(silent, number, "slides", "no text"))
    return _GAP.join(parts), tuple(marks), notes


def _parts(slide: Slide) -> Iterator[tuple[tuple[str, ...], str]]:
    """Yield heading and text of what is on the slide, and of what the speaker's notes say, as far as there is any."""
    title = [Block(slide.title, level=1)] if slide.title else []
    heading = (slide.title,) if slide.title else ()
    for blocks, path in (([*title, *slide.blocks], heading), (slide.notes, (*heading, _NOTES))):
        text, _ = joined(blocks)
        if text:
            yield path, text
