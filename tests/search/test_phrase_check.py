"""Phrases are looked for in the texts of passages, each of which is read once, and not in too many."""

from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from wherein.search.phrase_check import PhraseCheck
from wherein.search.query_syntax import parse_question
from wherein.storage.catalog.checksums import content_hash
from wherein.storage.catalog.connection import open_writer, writing
from wherein.storage.catalog.documents import ChunkRow, DocumentRow, save_document


def checked(db: Any, question: str, limit: int = 100) -> tuple[list[int], bool]:
    check = PhraseCheck(db, parse_question(question), limit)
    chunks = [chunk for (chunk,) in db.execute("SELECT id FROM chunks ORDER BY id DESC").fetchall()]
    return check.passing([*chunks, 10**6]), check.is_cut


def test_passages_that_pass_in_the_order_that_is_asked_for(db: Any) -> None:
    assert checked(db, '"sign the lease"') == ([2, 1], False)
    assert checked(db, '-"sign the lease"') == ([3], False)
    assert checked(db, '"the sign"') == ([], False)


def test_beyond_the_limit_none_passes_and_it_is_reported(db: Any) -> None:
    assert checked(db, '"sign the lease"', 2) == ([2], True)
    assert checked(db, '"sign the lease"', 0) == ([], True)
    assert checked(db, '-"no such phrase"', 1) == ([3], True)


def test_no_text_is_read_twice(db: Any) -> None:
    check = PhraseCheck(db, parse_question('"sign the lease"'), 3)
    statements: list[str] = []
    db.set_trace_callback(statements.append)
    assert check.passing([1, 2, 3]) == [1, 2]
    count = len(statements)
    assert check.passing([3, 2, 1, 2]) == [2, 1, 2]
    assert len(statements) == count
    assert not check.is_cut


def test_what_a_passage_holds_is_known_once_it_was_read(db: Any) -> None:
    check = PhraseCheck(db, parse_question('who may "sign the lease" of "all day" -"the sign"'), 2)
    assert check.held(1) == ()
    assert check.read([1, 3])
    assert [[phrase.asked for phrase in check.held(chunk)] for chunk in (1, 2, 3)] == [
        ["sign the lease"],
        [],
        ["all day"],
    ]
    assert not check.is_cut
    assert (check.read([1, 2]), check.is_cut, check.held(2)) == (False, True, ())
    assert check.read([2], limited=False)
    assert [phrase.asked for phrase in check.held(2)] == ["sign the lease"]
    assert check.passing([3]) == [3]


def test_an_excluded_phrase_leaves_out_what_holds_a_wanted_one(db: Any) -> None:
    check = PhraseCheck(db, parse_question('who "may sign" -"the lease"'))
    assert check.passing([1, 2, 3]) == [3]
    assert [check.is_excluded(chunk) for chunk in (1, 2, 3)] == [True, True, False]


@pytest.mark.parametrize(
    ("question", "expected"),
    [
        ('"kill a mockingbird"', [True, True]),
        ('"first chapter"', [True, False]),
        ('"scout finch"', [True, False]),
        ('"mockingbird first"', [False, False]),  # the end of the title and the begin of a heading
        ('"chapter summer"', [False, False]),
        ('"summer scout"', [False, False]),
        ('-"kill a mockingbird"', [False, False]),
        ('-"first chapter"', [False, True]),
    ],
)
def test_a_phrase_may_stand_in_the_title_or_in_a_heading(tmp_path: Path, question: str, expected: list[bool]) -> None:
    text = "Scout Finch tells it. Jem is her brother."
    chunks = [
        ChunkRow(0, 21, content_hash(text[:21]), None, ("First chapter", "Summer")),
        ChunkRow(22, len(text), content_hash(text[22:]), None, ()),
    ]
    with closing(open_writer(tmp_path)) as db:
        with writing(db, "test"):
            document = DocumentRow("a", None, "To Kill a Mockingbird", "text/plain", text, {}, (), chunks)
            save_document(db, document)
        passing = PhraseCheck(db, parse_question(question)).passing([1, 2])
    assert [chunk in passing for chunk in (1, 2)] == expected


def test_which_questions_need_texts(db: Any) -> None:
    needed = {text: PhraseCheck(db, parse_question(text)).is_needed for text in ('"a b"', "-x-ray", "-lease", "lease")}
    assert needed == {'"a b"': True, "-x-ray": True, "-lease": False, "lease": False}
