"""From slides to one text."""

import pytest

from wherein.errors import Unreadable
from wherein.ingest.document import Mark
from wherein.ingest.readers.office.slides import Slide, join_slides
from wherein.ingest.readers.shared.blocks import Block
from wherein.ingest.readers.shared.skipped import Skipped


def test_a_slide_is_a_page_and_its_title_the_heading() -> None:
    text, marks, notes = join_slides([
        Slide("One", [Block("- a", group=1), Block("- b", group=1)], [Block("Say hello.")]),
        Slide("", [Block("no title")]),
    ])  # fmt: skip
    assert text == "One\n\n- a\n- b\n\nSay hello.\n\nno title"
    assert marks == (Mark(0, 1, ("One",)), Mark(14, 1, ("One", "Notes")), Mark(26, 2))
    assert notes == ()


def test_slides_without_text_are_noted_and_keep_their_numbers() -> None:
    text, marks, notes = join_slides([Slide("", []), None, Slide("Three", [])])
    assert (text, marks) == ("Three", (Mark(0, 3, ("Three",)),))
    assert notes == ("1 of 3 slides cannot be read: 2", "1 of 3 slides has no text: 1")


@pytest.mark.parametrize(
    ("slides", "kind", "reason"),
    [
        ([], Skipped, "no text on its 0 slides"),
        ([Slide("", [])], Skipped, "no text on its 1 slide"),
        ([Slide("", []), None], Skipped, "no text on its 2 slides"),
        ([None, None], Unreadable, "damaged or truncated: none of its slides can be read"),
    ],
)
def test_nothing_to_read(slides: list[Slide | None], kind: type[Unreadable], reason: str) -> None:
    with pytest.raises(kind, match=f"^{reason}$"):
        join_slides(slides)
