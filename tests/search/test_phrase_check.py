"""Phrases are looked for in the texts of passages, each of which is read once, and not in too many."""

from typing import Any

from wherein.search.phrase_check import PhraseCheck
from wherein.search.query_syntax import parse_question


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


def test_which_questions_need_texts(db: Any) -> None:
    needed = {text: PhraseCheck(db, parse_question(text)).is_needed for text in ('"a b"', "-x-ray", "-lease", "lease")}
    assert needed == {'"a b"': True, "-x-ray": True, "-lease": False, "lease": False}
