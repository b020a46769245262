"""`wherein sources`."""

import json
from collections.abc import Callable
from pathlib import Path

from click.testing import Result

Run = Callable[..., Result]


def test_sources_are_listed_with_number_and_kind(run: Run, tmp_path: Path) -> None:
    assert run("ingest", "-", "--name", "memo", stdin="A memo.").exit_code == 0
    assert run("sources", "list").stdout == f"   1  path   {tmp_path / 'docs'}\n   2  stdin  stdin:memo\n"


def test_json_has_the_options_that_a_source_was_ingested_with(run: Run, tmp_path: Path) -> None:
    assert run("ingest", "docs", "--exclude", "*.log", "--max-size", "3", "--text-field", "body").exit_code == 0
    (source,) = [json.loads(line) for line in run("sources", "list", "--json").stdout.splitlines()]
    assert (source["schema"], source["id"], source["kind"], source["uri"]) == (1, 1, "path", str(tmp_path / "docs"))
    assert (source["exclude"], source["max_size"]) == (["*.log"], 3_000_000)
    assert source["fields"] == {"text": "body", "id": "", "title": ""}


def test_a_removed_source_is_named_and_its_documents_stay(run: Run, tmp_path: Path) -> None:
    assert run("sources", "remove", "docs").output.splitlines() == [
        f"no longer followed: {tmp_path / 'docs'}",
        "kept, but no longer updated: 3 documents",
        f"to remove them: wherein sources remove {tmp_path / 'docs'} --remove",
    ]
    assert run("sources", "list").output == ""
    assert len(run("documents", "list").stdout.splitlines()) == 3
    done = run("sources", "remove", "docs")
    assert (done.exit_code, done.output) == (2, "wherein: There is no source docs; see: wherein sources list\n")
