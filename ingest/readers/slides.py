"""From the slides of a presentation to one text: each has its number as the page and its title as the heading."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ingest.document import Mark
from ingest.readers.html_blocks import Block, joined
from ingest.readers.numbers import counted
from ingest.readers.skipped import Skipped

__all__ = ["Slide", "joined_slides"]

_GAP = "\n\n"
_NOTES = "Notes"


@dataclass(frozen=True)
class Slide:
    """What is seen on a slide, with its title (a line; "" without one) apart, and what the speaker's notes say."""

    title: str
    blocks: Sequence[Block]
    notes: Sequence[Block] = ()


def joined_slides(slides: Iterable[Slide]) -> tuple[str, tuple[Mark, ...], tuple[str, ...]]:
    """Return the text, a mark for each slide and for its notes, and a note that counts slides without text.

    Raises Skipped when none has text.
    """
    parts: list[str] = []
    marks: list[Mark] = []
    silent: list[int] = []
    start = number = 0
    for number, slide in enumerate(slides, 1):
        heading = (slide.title,) if slide.title else ()
        titled = [*([Block(slide.title, level=1)] if slide.title else ()), *slide.blocks]
        for blocks, path in ((titled, heading), (slide.notes, (*heading, _NOTES))):
            text, _ = joined(blocks)
            if text:
                marks.append(Mark(start, number, path))
                parts.append(text)
                start += len(text) + len(_GAP)
        if not titled and not slide.notes:
            silent.append(number)
    if not parts:
        raise Skipped(f"no text in its {number} slides" if number != 1 else "no text in its 1 slide")
    return _GAP.join(parts), tuple(marks), tuple(counted(silent, number, "slides", "no text"))
