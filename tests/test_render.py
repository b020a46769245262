"""Hits on a terminal: the answer first, where it stands, nothing wider than the terminal."""

import re

import click
import pytest

from wherein.render import format_hit
from wherein.search.hits import Hit, Place, Sentence
from wherein.terminal import Terminal

PLAIN = Terminal(None, color=False, links=False)


def hit(text: str, **others: object) -> Hit:
    given_hit = {"rank": 1, "score": 0.714, "distance": None, "document": 1, "chunk": 1,
                 "uri": "file:///d/a%20b.txt", "title": "Leases", "media_type": "text/plain", "start": 0,
                 "end": len(text), "line": 12, "page": None, "heading": (), "text": text,
                 "freshness": "fresh", **others}  # fmt: skip
    return Hit(**given_hit)  # type: ignore[arg-type]


def test_the_answer_is_in_the_first_two_lines() -> None:
    text = "# Signing\n\nCats sleep. The lease may be signed\nby the owner. Rent is due."
    first, second, *rest = format_hit(
        hit(text, page=3, heading=("Signing",)), "who may sign the lease?", PLAIN
    ).splitlines()
    assert first == "1. The lease may be signed by the owner."
    assert second == "   /d/a b.txt:12 (page 3) · Leases > Signing · 0.71 · fresh"
    assert "\n".join(line[3:] for line in rest) == text
    only = format_hit(hit("The lease is signed."), "lease", PLAIN)
    assert only == "1. The lease is signed.\n   /d/a b.txt:12 · Leases · 0.71 · fresh\n"
    also = tuple(Place(uri=f"file:///d/{n}.txt", title="", start=0, end=5, line=n, page=None) for n in range(1, 8))
    assert "   also in: /d/1.txt:1, /d/2.txt:2, /d/3.txt:3, /d/4.txt:4, /d/5.txt:5 and 2 more\n" in format_hit(
        hit("The lease is signed.", also_in=also), "lease", PLAIN
    )


@pytest.mark.parametrize("width", [30, 80, 140])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    text = "The lease may be signed by the owner of the house " * 9 + "x" * 300 + "。日本語" * 50 + "\n    code\n"
    for look in (Terminal(width, color=False, links=False), Terminal(width, color=True, links=False)):
        shown_hit = hit(
            text,
            sentence=Sentence(start=0, end=60, score=0.9),
            before="b " * 99,
            heading=("Signing the lease of a house",) * 5,
        )
        shown = click.unstyle(format_hit(shown_hit, "lease", look))
        lines = [line for line in shown.splitlines() if line != "   /d/a b.txt:12 · 0.71 · fresh"]  # 31, cut nowhere
        assert all(sum(2 if ord(char) > 0x2E80 else 1 for char in line) <= width for line in lines)
        assert all(line[:3] in ("   ", "1. ") for line in lines)


def test_a_long_location_is_shortened_at_its_beginning_between_words() -> None:
    shown_hit = hit("The lease is signed.", heading=("About houses and their owners", "Signing the lease"))
    location = format_hit(shown_hit, "lease", Terminal(64, color=False, links=False)).splitlines()[1]
    assert location == "   /d/a b.txt:12 · … owners > Signing the lease · 0.71 · fresh"


def test_the_rare_words_of_the_question_are_marked() -> None:
    marked = Terminal(80, color=True, links=False)
    shown = format_hit(hit("- They keep these leases; whatever leasehold."), "what are the leases of these", marked)
    assert click.unstyle(shown).startswith("1. They keep")
    yellow = re.findall(r"\x1b\[33m(?:\x1b\[1m)?(\w+)", shown)
    assert set(yellow) == {"leases"}
    assert "\x1b[33m" in format_hit(hit("To be or not to be, that."), "what about that", marked)


def test_colours_links_and_marks_only_where_they_are_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "Cats sleep. The lease is signed."
    shown = format_hit(
        hit(text, sentence=Sentence(start=12, end=32, score=0.9)), "lease", Terminal(80, color=True, links=True)
    )
    assert "\x1b]8;;file:///d/a%20b.txt\x1b\\/d/a b.txt:12\x1b]8;;\x1b\\" in shown
    assert "\x1b[4m" in shown
    assert "\x1b" not in format_hit(hit(text), "lease", PLAIN)
    assert "\x1b" not in format_hit(hit("\x1b]0;evil\x07 \x9b2J \u202e lease", title="\x1b[31m"), "lease", PLAIN)
    note = format_hit(hit(text, uri="stdin:note"), "lease", Terminal(80, color=True, links=True))
    assert "\x1b]8" not in note
