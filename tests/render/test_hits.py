"""Hits on a terminal: the answer first, where it stands, nothing wider than the terminal."""

import re
import time

import click
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wherein.render.hits import format_hit
from wherein.search.exact_answer import ExactAnswer
from wherein.search.fusion import Overlap
from wherein.search.hits import Hit, Place, Sentence
from wherein.search.limits import MAX_LISTED
from wherein.terminal import Terminal, display_width

PLAIN = Terminal(None, color=False, links=False)


def hit(text: str, **others: object) -> Hit:
    given_hit = {"rank": 1, "score": 0.714, "distance": None, "document": 1, "chunk": 1,
                 "uri": "file:///d/a%20b.txt", "title": "Leases", "media_type": "text/plain", "start": 0,
                 "end": len(text), "line": 12, "page": None, "heading": (), "text": text,
                 "freshness": "fresh", **others}  # fmt: skip
    return Hit(**given_hit)  # type: ignore[arg-type]


def test_the_answer_is_in_the_first_two_lines() -> None:
    text = "# Signing\n\nCats sleep. The lease may be signed\nby the owner. Rent is due."
    shown_hit = hit(text, page=3, media_type="application/pdf", heading=("Signing",))
    assert format_hit(shown_hit, "who may sign the lease?", PLAIN).splitlines() == [
        "1. The lease may be signed by the owner.",
        "   page 3 of /d/a b.txt · Leases > Signing · score 0.71 · fresh",
        "   # Signing",
        "   Cats sleep. […]",
        "   Rent is due.",
    ]
    only = format_hit(hit("The lease is signed."), "lease", PLAIN)
    assert only == "1. The lease is signed.\n   /d/a b.txt:12 · Leases · score 0.71 · fresh\n"
    also = tuple(Place(uri=f"file:///d/{n}.txt", title="", start=0, end=5, line=n, page=None) for n in range(1, 8))
    assert "   also in: /d/1.txt:1, /d/2.txt:2, /d/3.txt:3, /d/4.txt:4, /d/5.txt:5 and 2 more\n" in format_hit(
        hit("The lease is signed.", also_in=also), "lease", PLAIN
    )
    many = format_hit(hit("The lease is signed.", also_in=also[:1] * MAX_LISTED), "lease", PLAIN)
    assert ", /d/1.txt:1 and at least 15 more\n" in many  # those beyond the limit were not counted


def test_the_line_is_that_of_the_sentence() -> None:
    text = "Cats sleep.\n\nRent is due.\nThe lease is signed."
    assert "/d/a b.txt:15 · " in format_hit(hit(text), "lease", PLAIN)
    assert "/d/a b.txt:12 · " in format_hit(hit(text), "cats", PLAIN)
    given_sentence = hit(text, sentence=Sentence(start=13, end=25, score=0.9))
    assert "/d/a b.txt:14 · " in format_hit(given_sentence, "lease", PLAIN)


LONG = "\n".join(f"Line {n} of the passage is as short as the others." for n in range(30))


@pytest.mark.parametrize("width", [30, 40, 80, 200, None])
@pytest.mark.parametrize(
    "text",
    [
        LONG,
        "The lease " + "may be signed by the owner of the house " * 20 + "today. " + "Cats sleep all day. " * 40,
        "| who | signs |\n|---|---|\n" + "| the owner | the lease |\n" * 40,
        "def lease():\n" + "    return sign(owner, house)\n\n" * 40,
        "租約由業主簽署。" * 80,
        "החוזה ייחתם על ידי הבעלים. " * 40,
        "lease" + "x" * 900,
        "lease\t\x1b[31m\u202e" * 60,
    ],
)
def test_a_hit_has_at_most_six_lines(text: str, width: int | None) -> None:
    place = Place(uri="file:///d/elsewhere/copy.txt", title="", start=0, end=5, line=1, page=None)
    exact = ExactAnswer(text=text[:5], start=0, end=5, score=0.5)
    look = Terminal(width, color=False, links=False)
    for shown_hit in (hit(text), hit(text, also_in=(place,) * 30, rank=12)):
        for answer in (None, exact):
            lines = format_hit(shown_hit, "lease", look, answer).splitlines()
            assert 2 <= len(lines) <= 6
            assert width is None or max(map(display_width, lines)) <= max(width, 40)


def test_with_full_the_whole_passage_is_shown_with_its_sentence_in_it() -> None:
    lines = format_hit(hit(LONG), "passage 7", PLAIN, full=True).splitlines()
    assert lines[2:] == [f"   {line}" for line in LONG.splitlines()]
    only = format_hit(hit("The lease is signed."), "lease", PLAIN, full=True)
    assert only.count("lease") == 1


def test_what_follows_the_sentence_is_shown_before_what_precedes_it() -> None:
    sentences = [f"Number {n} sleeps." for n in range(9)]
    text = "\n\n".join(sentences)

    spans = {n: Sentence(start=text.index(one), end=text.index(one) + len(one), score=1.0)
             for n, one in enumerate(sentences)}  # fmt: skip
    shown = [format_hit(hit(text, sentence=spans[n]), "", PLAIN).splitlines()[2:] for n in (0, 6, 8)]
    assert shown == [
        ["   Number 1 sleeps.", "   Number 2 sleeps.", "   Number 3 sleeps.", "   Number 4 sleeps. …"],
        [" … Number 4 sleeps.", "   Number 5 sleeps. […]", "   Number 7 sleeps.", "   Number 8 sleeps."],
        [" … Number 4 sleeps.", "   Number 5 sleeps.", "   Number 6 sleeps.", "   Number 7 sleeps. […]"],
    ]


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
        lines = shown.splitlines()
        assert all(sum(2 if ord(char) > 0x2E80 else 1 for char in line) <= width for line in lines)
        assert all(line[:3] in ("   ", "1. ") for line in lines)


def test_a_long_location_is_shortened_at_its_beginning_between_words() -> None:
    shown_hit = hit("The lease is signed.", heading=("About houses and their owners", "Signing the lease"))
    location = format_hit(shown_hit, "lease", Terminal(70, color=False, links=False)).splitlines()[1]
    assert location == "   /d/a b.txt:12 · … owners > Signing the lease · score 0.71 · fresh"


def test_the_rare_words_of_the_question_are_marked() -> None:
    marked = Terminal(80, color=True, links=False)
    shown = format_hit(hit("- They keep these leases; whatever leasehold."), "what are the leases of these", marked)
    assert click.unstyle(shown).startswith("1. They keep")
    yellow = re.findall(r"\x1b\[33m(?:\x1b\[1m)?(\w+)", shown)
    assert set(yellow) == {"leases"}
    assert "\x1b[33m" in format_hit(hit("To be or not to be, that."), "what about that", marked)


def test_colors_links_and_marks_only_where_they_are_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "Cats sleep. The lease is signed."
    shown = format_hit(
        hit(text, sentence=Sentence(start=12, end=32, score=0.9)), "lease", Terminal(80, color=True, links=True)
    )
    assert "\x1b]8;;file:///d/a%20b.txt\x1b\\/d/a b.txt:12\x1b]8;;\x1b\\" in shown
    assert "\x1b[1mThe \x1b[0m" in shown
    assert "\x1b[4m" in format_hit(
        hit(text, sentence=Sentence(start=12, end=32, score=0.9)), "", Terminal(80, color=True, links=True), full=True
    )
    assert "\x1b" not in format_hit(hit(text), "lease", PLAIN)
    assert "\x1b" not in format_hit(hit("\x1b]0;evil\x07 \x9b2J \u202e lease", title="\x1b[31m"), "lease", PLAIN)
    note = format_hit(hit(text, uri="stdin:note"), "lease", Terminal(80, color=True, links=True))
    assert "\x1b]8" not in note


def test_marking_a_long_passage_takes_time_linear_in_its_length() -> None:
    text = "The lease starts.\n\n" + "lease\n" * 20_000
    began = time.process_time()
    shown = format_hit(hit(text), "lease", Terminal(80, color=True, links=False), full=True)
    assert time.process_time() - began < 4
    assert shown.count("\x1b[33m") == 20_002  # the sentence is shown twice


def test_the_exact_answer_is_underlined_or_in_brackets() -> None:
    text = "Cats sleep. The lease may be signed by the owner. Rent is due."
    exact = ExactAnswer(text="the owner", start=39, end=48, score=0.875)
    assert text[exact.start : exact.end] == exact.text
    lines = format_hit(hit(text), "cats", PLAIN, exact).splitlines()
    assert lines[0] == "1. The lease may be signed by [[the owner]]."
    assert lines[2:] == ["   answer: the owner (0.88)", "   Cats sleep. […]", "   Rent is due."]
    assert format_hit(hit(text), "cats", PLAIN, exact, full=True).splitlines()[3:] == [
        "   Cats sleep. The lease may be signed by [[the owner]]. Rent is due."
    ]
    shown = format_hit(hit(text), "cats", Terminal(80, color=True, links=False), exact)
    assert "\x1b[1m\x1b[4mthe owner\x1b[0m" in shown
    assert "[[" not in shown


def test_the_sentence_of_the_exact_answer_contains_all_of_it() -> None:
    text = "One. Two of them. Three."
    exact = ExactAnswer(text="them. Three", start=12, end=23, score=0.5)
    assert format_hit(hit(text), "one", PLAIN, exact).splitlines()[0] == "1. Two of [[them. Three]]"


def test_the_nearest_sentence_comes_first_even_when_the_exact_answer_is_before_or_after_it() -> None:
    text = "One is here. Two is there. Three is nowhere."
    second = Sentence(start=13, end=26, score=0.9)
    for first, marked in ((0, "   [[One]] is here. […]"), (27, "   [[Three]] is nowhere.")):
        exact = ExactAnswer(text=text[first:].split()[0], start=first, end=text.index(" ", first), score=0.5)
        lines = format_hit(hit(text, sentence=second), "two", PLAIN, exact).splitlines()
        assert lines[0] == "1. Two is there."
        assert marked in lines[3:]


def test_a_sentence_of_more_than_two_lines_is_cut() -> None:
    sentence = " ".join(["The lease may be signed by the owner"] * 6) + "."
    lines = format_hit(hit(f"Rent. {sentence}"), "lease", Terminal(40, color=False, links=False)).splitlines()
    assert lines[0].startswith("1. The lease may be")
    assert lines[1].endswith(" …")
    assert lines[2].startswith("   /d/a b.txt:12")


def test_the_neighbors_of_a_passage_are_shown_around_it() -> None:
    shown = format_hit(hit("The lease is signed.", before="Cats sleep.\n", after="\nRent is due."), "lease", PLAIN)
    assert shown.splitlines()[2:] == ["   Cats sleep.", "   The lease is signed.", "   Rent is due."]


def test_the_parts_of_a_score() -> None:
    found = hit(
        "The lease is signed.", dense_score=0.71234, dense_rank=2, keyword_score=3.5, keyword_rank=None, chance=0.4321,
        overlap=Overlap(0.5, 0.25, 1.0), matched=("lease", "a\tb"),
    )  # fmt: skip
    assert format_hit(found, "lease", PLAIN, explain=True).splitlines()[1:] == [
        "   /d/a b.txt:12 · Leases · perhaps, 43 % · fresh",
        "   why: score 0.7140 · meaning 0.7123 (rank 2) · words (BM25) 3.5000 (not a candidate) · chance 0.4321",
        "   overlap with the question: coverage 0.50 · adjacent 0.25 · near 1.00",
        "   matched: lease, a b",
    ]
    assert "   matched: no words\n" in format_hit(hit("x", matched=()), "lease", PLAIN, explain=True)
    distant = format_hit(hit("x", distance=12.345), "lease", PLAIN, explain=True)
    assert " · distance 12.35 · fresh\n   why: score 0.7140\n" in distant


@settings(max_examples=60)
@given(
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=120),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=60),
    st.integers(30, 90),
)
def test_any_hit_is_lines_that_begin_with_its_rank_and_cannot_control_the_terminal(
    text: str, question: str, width: int
) -> None:
    shown = format_hit(hit(text), question, Terminal(width, color=False, links=False), explain=True)
    assert shown.startswith("1. ")
    assert shown.endswith("\n")
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", shown)
