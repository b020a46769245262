"""The options of `wherein reindex`: which go together, rollback, and the previous model."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from lots import other_encoder
from wherein.library import Library

Run = Callable[..., Result]


EXCLUSIVE = ("--rollback", "--finish", "--print-systemd", "--print-cron")
OTHERS = (
    *(["--model", "x"], ["--index", "exact"], ["--until", "06:00"], ["--accept-removals"], ["--margin", "0"]),
    *([option] for option in EXCLUSIVE),
)


@pytest.mark.parametrize(
    ("exclusive", "other"),
    [
        (option, other)
        for option in EXCLUSIVE
        for other in OTHERS
        if other != [option] and (option in ("--rollback", "--finish") or other[0] in EXCLUSIVE)
    ],
)
def test_what_replaces_a_reindex_cannot_be_combined_with_its_options(
    run: Run, exclusive: str, other: list[str]
) -> None:
    done = run("reindex", exclusive, *other)
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr == (
        "wherein: --rollback and --finish cannot be combined with other options, nor --print-systemd with"
        " --print-cron\n"
    )


@pytest.mark.parametrize("margin", ["-1", "101", "nan"])
def test_a_margin_is_from_0_to_100_points(run: Run, margin: str) -> None:
    done = run("reindex", "--margin", margin)
    assert done.exit_code == 2
    assert "--margin" in done.stderr


def test_a_reindex_that_could_not_read_a_file_ends_with_3(run: Run, tmp_path: Path) -> None:
    (tmp_path / "docs" / "broken.txt").write_bytes(b"%PDF-1.4")
    done = run("reindex")
    assert done.exit_code == 3
    assert "failed: docs/broken.txt: " in done.stderr
    assert done.stdout.startswith("0 new, 0 changed, 3 unchanged, 1 failed; ")


def test_a_rank_that_falls_because_of_a_new_document_is_reported_and_not_refused(run: Run, tmp_path: Path) -> None:
    run("golden", "add", "dough", "docs/bread.txt")
    for name, report in (("other", "golden questions: mean reciprocal rank 100.0 %"), ("dough", "rank 1, now 2")):
        (tmp_path / "docs" / f"{name}.txt").write_text(f"{name} {name}")
        done = run("reindex", "--margin", "0")
        assert done.exit_code == 0
        assert report in done.stderr
    assert "  dough: rank 1, now 2 (docs/bread.txt)\n" in done.stderr


def test_rollback_as_text_and_as_json(run: Run, tmp_path: Path) -> None:
    for number in range(2):
        (tmp_path / "docs" / f"{number}.txt").write_text(f"Text number {number}.")
        assert run("reindex").exit_code == 0
    sentence = run("reindex", "--rollback").stdout
    assert sentence.startswith("the index 00000")
    assert sentence.endswith(" answers again\n")
    assert run("reindex").exit_code == 0
    done = json.loads(run("reindex", "--rollback", "--json").stdout)
    assert done["schema"] == 1
    assert done["detail"] == done["said"]
    assert done["detail"].endswith(" answers again")


def test_nothing_to_go_back_to_or_to_delete_is_exit_code_1(run: Run) -> None:
    done = run("reindex", "--rollback")
    assert (done.exit_code, done.stdout) == (1, "")
    assert "There is no earlier generation" in done.stderr
    done = run("reindex", "--finish")
    assert (done.exit_code, done.output) == (1, "wherein: There is no earlier model whose vectors are kept\n")


def test_the_vectors_of_the_previous_model_are_deleted(run: Run, toy_library: Library) -> None:
    change_model(toy_library.folder)
    assert json.loads(run("reindex", "--finish", "--json").stdout) == {"schema": 1, "deleted": 3}
    assert run("reindex", "--finish").exit_code == 1


def change_model(folder: Path) -> None:
    Library(folder, encoder=other_encoder()).reindex(model="other")  # type: ignore[arg-type]
