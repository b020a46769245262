"""`wherein documents`."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

from wherein.library import Library
from wherein.uri import display, file_uri

Run = Callable[..., Result]


def test_a_list_has_a_line_for_each_document(run: Run) -> None:
    assert run("documents", "list").stdout == (
        "     1       1 chunk  docs/bread.txt  bread.txt\n"
        "     2       1 chunk  docs/cats.txt  cats.txt\n"
        "     3       1 chunk  docs/lease.txt  lease.txt\n"
    )


def test_a_list_as_json_has_an_object_on_each_line(run: Run, tmp_path: Path) -> None:
    rows = [json.loads(line) for line in run("documents", "list", "--json").stdout.splitlines()]
    assert [(row["schema"], row["id"], row["title"], row["chunks"]) for row in rows] == [
        (1, 1, "bread.txt", 1),
        (1, 2, "cats.txt", 1),
        (1, 3, "lease.txt", 1),
    ]
    assert rows[0]["uri"] == file_uri(str(tmp_path / "docs" / "bread.txt"))


def test_titles_and_names_cannot_control_the_terminal(run: Run, tmp_path: Path) -> None:
    (tmp_path / "docs" / "a\x1b[31mb.md").write_text("---\ntitle: red \x1b[31m\n---\nThe text.")
    assert run("ingest", "docs").exit_code == 0
    line = next(line for line in run("documents", "list").stdout.splitlines() if "red" in line)
    assert line.endswith("  docs/a\\x1b[31mb.md  red \ufffd[31m")


def test_files_that_could_not_be_read_are_listed_with_the_reason(run: Run, tmp_path: Path) -> None:
    assert run("documents", "list", "--problems").stdout == ""
    (tmp_path / "docs" / "empty.txt").touch()
    assert run("ingest", "docs").exit_code == 0
    assert run("documents", "list", "--problems").stdout == "skipped: docs/empty.txt: empty file\n"
    uri = file_uri(str(tmp_path / "docs" / "empty.txt"))
    assert json.loads(run("documents", "list", "--problems", "--json").stdout) == {
        "schema": 1,
        "uri": uri,
        "state": "skipped",
        "reason": "empty file",
    }


def test_a_document_is_shown_with_its_fields_and_its_text(run: Run) -> None:
    shown = run("documents", "show", "docs/cats.txt").stdout
    assert shown.endswith("\n\nCats sleep all day.\n")
    fields = dict(line.split(maxsplit=1) for line in shown.splitlines()[:-2])
    assert (
        fields.items()
        >= {
            "id": "2",
            "uri": "docs/cats.txt",
            "title": "cats.txt",
            "media_type": "text/plain",
            "characters": "19",
            "chunks": "1",
            "dropped": "0 characters",
        }.items()
    )
    shown_json = json.loads(run("documents", "show", "2", "--json").stdout)
    assert shown_json["text"] == "Cats sleep all day."
    assert shown_json["spans"] == [{"start": 0, "end": 19, "page": None, "heading": []}]


def test_removed_and_purged_documents_are_named(run: Run) -> None:
    done = run("documents", "remove", "docs/cats.txt")
    assert done.stdout == "removed docs/cats.txt\n"
    assert done.stderr == "it stays away until its file changes; to bring it back: wherein ingest docs/cats.txt\n"
    done = run("documents", "remove", "--purge", "1", "3")
    assert done.stdout == "purged docs/bread.txt\npurged docs/lease.txt\n"
    assert done.stderr == "they stay away for good; to bring them back: wherein ingest FILE\n"
    assert run("documents", "list").stdout == ""


def test_what_stays_away_is_listed_and_the_count_of_what_comes_back_is_shown(run: Run, toy_library: Library) -> None:
    run("documents", "remove", "docs/cats.txt")
    run("documents", "remove", "--purge", "docs/bread.txt")
    first, second = toy_library.removed()
    assert run("documents", "list", "--removed").stdout == (
        f"purged {first.added_at[:10]}: docs/bread.txt\nremoved {second.added_at[:10]}: docs/cats.txt\n"
    )
    lines = map(json.loads, run("documents", "list", "--removed", "--json").stdout.splitlines())
    assert [(line["uri"].rpartition("/")[2], line["kind"]) for line in lines] == [
        ("bread.txt", "purged"),
        ("cats.txt", "removed"),
    ]
    assert run("documents", "list", "--problems").stdout == (
        "skipped: docs/bread.txt: purged; to bring it back, ingest the file itself\n"
    )
    assert run("documents", "list", "--problems", "--removed").exit_code == 2
    assert run("ingest", "docs/cats.txt").stdout.startswith("1 new (1 brought back), 0 changed, 0 unchanged; ")
    summary = json.loads(run("ingest", "docs/bread.txt", "--json").stdout.splitlines()[-1])
    assert (summary["new"], summary["brought_back"]) == (1, 1)
    assert run("documents", "list", "--removed").stdout == ""


def test_the_way_back_of_a_text_from_standard_input_is_named(run: Run, toy_library: Library) -> None:
    toy_library.ingest_stream("my note", b"A note.")
    assert run("documents", "remove", "stdin:my note").stderr.endswith(": wherein ingest - --name 'my note'\n")


def test_a_purge_names_the_copies_that_it_cannot_reach(run: Run, toy_library: Library, tmp_path: Path) -> None:
    toy_library.backup(tmp_path / "backup")
    (toy_library.folder / "damaged" / "20260101T000000Z").mkdir(parents=True)
    (record,) = toy_library.backups()
    assert "backup" not in run("documents", "remove", "1").stderr
    assert run("documents", "remove", "--purge", "2").stderr.partition("\n")[2] == (
        f"an older backup may contain them: {tmp_path / 'backup'} ({record.created_at})\n"
        "data that a repair quarantined may contain them; delete it:"
        f" {toy_library.folder / 'damaged' / '20260101T000000Z'}\n"
    )


def test_an_unknown_document_is_one_sentence_and_exit_code_2(run: Run) -> None:
    for command in ("show", "remove"):
        done = run("documents", command, "nothing")
        assert (done.exit_code, done.stdout) == (2, "")
        assert done.stderr == "wherein: There is no document nothing; see: wherein documents list\n"


@pytest.mark.parametrize("name", ["\udcff", "a b", "50 %", "%41", "a#b", "one\ntwo", "gr\u00f6\u00dfe"])
def test_a_text_from_standard_input_may_have_any_name(run: Run, name: str) -> None:
    for text in ("The first text.", "The second text."):  # the same name replaces it
        assert run("ingest", "-", "--name", name, stdin=text).exit_code == 0
    listed = f"stdin:{display(name)}"
    (line,) = (line for line in run("documents", "list").stdout.splitlines() if "stdin:" in line)
    assert listed in line
    for written in (listed, f"stdin:{name}"):
        assert "The second text." in run("documents", "show", written).stdout
        assert "The second text." in run("query", "text", "--mode", "keyword", "--in", written).stdout
    assert run("golden", "add", "who?", listed).exit_code == 0
    assert run("documents", "remove", listed).stdout == f"removed {listed}\n"


@pytest.mark.parametrize("name", ["no\udcff", "docs/\udcff.txt", "\udcff#a", "stdin:\udcff", "https://\udcff/", "no\n"])
def test_an_unknown_name_of_any_bytes_is_refused_with_a_sentence(run: Run, name: str) -> None:
    words = f"There is no document {display(name)}; see: wherein documents list"
    for command in (("documents", "show"), ("documents", "remove"), ("golden", "add", "who?")):
        result = run(*command, name)
        assert (result.exit_code, result.stderr) == (2, f"wherein: {words}\n")


@pytest.mark.parametrize(
    ("name", "data", "kind"),
    [
        ("one.json", b'{"walrus": 1}', "json"),
        ("many.json", b'[{"text": "walrus"}]', "json"),
        ("list.json", b'["walrus"]', "json"),
        ("lines.json", b'{"a": "walrus"}\n{"a": 2}\n', "json"),
        ("commented.JSON", b'{ // walrus\n}', "json"),
        ("a.csv", b"name,n\nwalrus,1\n", "csv"),
        ("a.jsonl", b'{"text": "walrus"}\n', "jsonl"),
        ("a.md", b"# walrus\n", "md"),
        ("a.txt", b"walrus\n", "txt"),
        ("a.html", b"<p>walrus", "html"),
    ],
)  # fmt: skip
def test_a_file_is_found_by_the_type_that_its_name_has(run: Run, name: str, data: bytes, kind: str) -> None:
    Path("docs", name).write_bytes(data)
    run("ingest", "docs")
    shown = run("query", "walrus", "--mode", "keyword", "--type", kind).stdout
    assert f"docs/{name}" in shown
    other = "md" if kind != "md" else "txt"
    assert "walrus" not in run("query", "walrus", "--mode", "keyword", "--type", other).stdout
