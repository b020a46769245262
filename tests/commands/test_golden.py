"""`wherein golden`."""

import json
from collections.abc import Callable
from pathlib import Path

from click.testing import Result

from wherein.uri import file_uri

Run = Callable[..., Result]


def test_a_question_is_added_listed_with_its_rank_and_removed(run: Run, tmp_path: Path) -> None:
    line = "   1  who may sign the lease?  docs/lease.txt"
    assert run("golden", "add", "who may sign the lease?", "docs/lease.txt").stdout == f"{line}  (not asked yet)\n"
    assert run("golden", "list").stdout == f"{line}  (not asked yet)\n"
    (tmp_path / "docs" / "new.txt").write_text("A new text, so that there is a new index.")
    assert run("reindex").exit_code == 0
    assert run("golden", "list").stdout == f"{line}  (rank 1)\n"
    assert run("golden", "remove", "who may sign the lease?").stdout == f"removed {line}  (rank 1)\n"
    assert run("golden", "list").stdout == ""


def test_a_document_that_the_answer_lacks_is_shown_as_not_found(run: Run, tmp_path: Path) -> None:
    run("golden", "add", "who may sign the lease?", "docs/lease.txt")
    (tmp_path / "docs" / "lease.txt").unlink()
    assert run("reindex").exit_code == 0
    assert run("golden", "list").stdout.endswith("  (not found)\n")


def test_json_has_the_uri_and_no_rank_before_the_first_reindex(run: Run, tmp_path: Path) -> None:
    expected = {
        "schema": 1,
        "id": 1,
        "question": "who?",
        "uri": file_uri(str(tmp_path / "docs" / "lease.txt")),
        "rank": None,
    }
    assert json.loads(run("golden", "add", "who?", "3", "--json").stdout) == expected
    assert json.loads(run("golden", "list", "--json").stdout) == expected


def test_undecodable_bytes_in_a_question_are_replaced(run: Run) -> None:
    assert "  who? sign?  " in run("golden", "add", "who\udce9 sign?", "3").stdout


def test_unknown_documents_and_questions_are_one_sentence_and_exit_code_2(run: Run) -> None:
    for arguments, sentence in (
        (("add", "who?", "nothing"), "There is no document nothing; see: wherein documents list"),
        (("add", " ", "3"), "The question is empty"),
        (("remove", "7"), "There is no golden question 7; see: wherein golden list"),
    ):
        done = run("golden", *arguments)
        assert (done.exit_code, done.output) == (2, f"wherein: {sentence}\n")
