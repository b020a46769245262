"""`wherein ingest`: dry runs, events, fields and web pages."""

import json
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import wherein
from sample_docs import write_docs
from web_server import Answer, Site, site
from wherein.commands.ingest import _start_ahead
from wherein.commands.options import GlobalOptions
from wherein.embed.model import load_model
from wherein.errors import UsageError

ROOT = Path(wherein.__file__).parent


Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    folder = tmp_path / "docs"
    folder.mkdir()
    return folder


@pytest.fixture
def web() -> Iterator[Site]:
    with site() as made:
        yield made


def test_a_dry_run(wherein: Command, tmp_path: Path) -> None:
    write_docs(tmp_path)
    done = wherein("ingest", "docs", "--dry-run")
    assert done.returncode == 0
    first, second = done.stdout.splitlines()
    assert first == "would add 4, update 0, leave 0 unchanged, skip 1"
    assert re.fullmatch(r"4 chunks, 4 to embed \(1,356 tokens\): about 0:0\d:\d\d on this machine", second)
    assert not (tmp_path / "library").exists()
    assert wherein("ingest", "-", "--dry-run").returncode == 2


def test_every_event_is_documented(wherein: Command, tmp_path: Path) -> None:
    write_docs(tmp_path)
    (tmp_path / "docs" / "torn.pdf").write_bytes(b"%PDF-1.7\n")
    page = (ROOT / "docs" / "events.md").read_text("utf-8")
    fields = {
        row[1]: set(re.findall(r"`([a-z_]+)`", row[2])) - {"null"}
        for row in re.finditer(r"^\| `([a-z]+)` \| (.*?) \| ", page, re.MULTILINE)
    }
    runs = [wherein("ingest", "docs", "--json", "--dry-run"), wherein("ingest", "docs", "--json", "--exclude", "none")]
    (tmp_path / "docs" / "later.txt").write_text("One more.")
    runs.append(wherein("reindex", "--json"))
    seen = set()
    for run in runs:
        assert run.stderr == ""
        for line in run.stdout.splitlines():
            event = json.loads(line)
            seen.add(event["event"])
            assert set(event) - {"event", "schema"} == fields[event["event"]], event
            assert event["schema"] == 1
    assert seen == set(fields) - {"stopped", "watching"}
    assert [json.loads(run.stdout.splitlines()[-1])["event"] for run in runs] == ["plan", "summary", "summary"]
    assert [json.loads(run.stdout.splitlines()[0])["event"] for run in runs[1:]] == ["planned", "planned"]


def test_the_fields_of_records(wherein: Command, docs: Path) -> None:
    (docs / "a.json").write_text('[{"k": 1, "words": "The market opens at five.", "name": "Market"}]')
    done = wherein("ingest", str(docs), "--text-field", "words", "--title-field", "name", "--id-field", "k")
    assert (done.returncode, done.stdout[:6]) == (0, "1 new,")
    (line,) = wherein("documents", "list", "--json").stdout.splitlines()
    assert (json.loads(line)["title"], json.loads(line)["uri"][-9:]) == ("Market", "/a.json#1")
    done = wherein("ingest", str(docs), "--text-field", "word")
    assert done.returncode == 3
    assert done.stderr == 'failed: docs/a.json: no "word"; its fields are k, words, name\n'


def test_a_web_page(wherein: Command, web: Site) -> None:
    web.pages["/lease"] = Answer(b"<p>The owner signs.")
    page = f"{web.address}/lease"
    assert wherein("ingest", page).returncode == 0
    assert wherein("query", "who signs?").stdout.startswith("1.")
    done = wherein("ingest", f"{web.address}/none")
    assert (done.returncode, done.stderr) == (
        3,
        f"failed: {web.address}/none: there is no such page (404)\n"
        f"note: {web.address}/none: nothing in it could be ingested, so it is not followed\n",
    )
    done = wherein("ingest", "http://user:word@example.org/")
    assert done.returncode == 2
    assert "which would be stored; leave it out" in done.stderr
    assert page in wherein("sources", "list").stdout
    assert wherein("sources", "remove", page, "--keep").stdout == (
        f"no longer followed: {page}\nkept, but no longer updated: 1 document\n"
    )
    assert "The owner signs." in wherein("documents", "show", page).stdout


def test_what_a_new_library_needs_is_started_before_the_library_is_opened(
    tmp_path: Path, compiled_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(compiled_cache))
    options = GlobalOptions(tmp_path / "new", "auto", None, 0, None)
    encoder = _start_ahead(options)
    assert encoder is not None
    assert encoder.model == load_model()
    assert not options.folder.exists()
    assert encoder.encode_contexts(["The lease ends in May."]).shape == (1, 384)
    options.folder.mkdir()
    (options.folder / "catalog.db").touch()
    assert _start_ahead(options) is None
    for model, device, reason in (("nothing", None, "There is no model nothing"), (None, "NPU", "There is no device")):
        with pytest.raises(UsageError, match=reason):
            _start_ahead(GlobalOptions(tmp_path / "other", "auto", model, 0, None, device))
