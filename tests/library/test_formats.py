"""Records, messages, archives and pages in a library: what happens to them run after run."""

import gzip
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import office
from toy import ToyEncoder
from web_server import Answer, Site, site
from wherein.ingest.progress.events import Progress, RunProblem, Summary
from wherein.library import Fields, Library, parse_filter

pytestmark = pytest.mark.workers

Command = Callable[..., subprocess.CompletedProcess[str]]


class Run:
    """Ingests and reindexes, and keeps the problems that they report."""

    def __init__(self, library: Library) -> None:
        self.library = library
        self.problems: list[tuple[str, str, str]] = []

    def ingest(self, *sources: object, **options: object) -> Summary:
        self.problems.clear()
        return self.library.ingest([str(source) for source in sources], report=self._report, **options)

    def reindex(self) -> Summary:
        self.problems.clear()
        return self.library.reindex(report=self._report)

    def texts(self) -> dict[str, str]:
        """The documents by the end of their uri, after the last slash of their source's folder."""
        uris = [document.uri for document in self.library.documents()]
        return {uri.partition("/docs/")[2] or uri: self.library.document(uri)[1] for uri in uris}

    def _report(self, event: RunProblem | Progress) -> None:
        if isinstance(event, RunProblem):
            self.problems.append((event.kind, event.uri.partition("/docs/")[2] or event.uri, event.reason))


def counts(summary: Summary) -> dict[str, float]:
    kinds = ("new", "changed", "unchanged", "moved", "removed", "skipped", "failed")
    return {kind: number for kind, number in summary.as_dict().items() if kind in kinds and number}


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    folder = tmp_path / "docs"
    folder.mkdir()
    return folder


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run(Library(tmp_path / "library", encoder=ToyEncoder()))


def test_the_fields_of_records_are_remembered(run: Run, docs: Path) -> None:
    papers = docs / "papers.csv"
    papers.write_text("doi,abstract,year\n10/a,Quinces are sour.,2020\n10/b,Medlars are soft.,2021\n")
    assert counts(run.ingest(docs)) == {"new": 1}
    fields = Fields(text="abstract", id="doi")
    assert counts(run.ingest(docs, fields=fields)) == {"new": 2, "removed": 1}
    texts = {"papers.csv#10/a": "Quinces are sour.", "papers.csv#10/b": "Medlars are soft."}
    assert run.texts() == texts
    assert [document.metadata for document in run.library.documents()] == [{"year": 2020}, {"year": 2021}]
    assert counts(run.reindex()) == {"unchanged": 2}
    papers.write_text("doi,abstract,year\n10/a,Quinces are sour.,2020\n10/c,Sloes are blue.,2022\n")
    assert counts(run.reindex()) == {"new": 1, "unchanged": 1, "removed": 1}
    assert set(run.texts()) == {"papers.csv#10/a", "papers.csv#10/c"}
    assert counts(run.ingest(docs, fields=Fields(text="abstrakt"))) == {"failed": 1}
    assert run.problems == [("failed", "papers.csv", 'no "abstrakt"; its fields are doi, abstract, year')]
    assert set(run.texts()) == {"papers.csv#10/a", "papers.csv#10/c"}


def test_a_mailbox_grows(run: Run, docs: Path) -> None:
    begin = "From ada@example.org Fri Jul  8 12:08:34 2011\nFrom: ada@example.org\n"
    inbox = docs / "Inbox"
    inbox.write_text(f"{begin}Message-ID: <1@x>\nSubject: Lease\n\nThe owner signs.\n\n")
    assert counts(run.ingest(docs)) == {"new": 1}
    with inbox.open("a") as more:
        more.write(f"{begin}Message-ID: <2@x>\nSubject: Cats\n\nThey sleep.\n\n{begin}\n")
    assert counts(run.reindex()) == {"new": 1, "unchanged": 1, "skipped": 1}
    assert run.problems == [("skipped", "Inbox#message-3", "message 3: no text")]
    assert run.texts() == {"Inbox#1%40x": "Lease\n\nThe owner signs.", "Inbox#2%40x": "Cats\n\nThey sleep."}


def test_an_archive_is_its_members(run: Run, docs: Path) -> None:
    archive = docs / "papers.zip"
    archive.write_bytes(office.packed({"a.txt": "Quinces are sour.", "b/c.md": "# Medlars", "d.so": b"\x7fELF\2\1"}))
    assert counts(run.ingest(docs)) == {"new": 2, "skipped": 1}
    assert run.problems == [("skipped", "papers.zip#d.so", "binary file (ELF program)")]
    assert run.texts() == {"papers.zip#a.txt": "Quinces are sour.", "papers.zip#b/c.md": "# Medlars"}
    archive.write_bytes(office.packed({"a.txt": "Quinces are sour.", "b/d.md": "# Sloes"}))
    assert counts(run.reindex()) == {"new": 1, "unchanged": 1, "removed": 1}
    archive.rename(docs / "moved.zip")
    assert counts(run.reindex()) == {"moved": 2}
    assert set(run.texts()) == {"moved.zip#a.txt", "moved.zip#b/d.md"}
    (docs / "moved.zip").write_bytes(b"PK\x03\x04 cut")
    assert counts(run.reindex()) == {"failed": 1}
    assert set(run.texts()) == {"moved.zip#a.txt", "moved.zip#b/d.md"}


def test_a_compressed_file_is_the_file(run: Run, docs: Path) -> None:
    (docs / "a.log.gz").write_bytes(gzip.compress(b"Quinces are sour."))
    assert counts(run.ingest(docs)) == {"new": 1}
    assert run.texts() == {"a.log.gz": "Quinces are sour."}
    assert counts(run.reindex()) == {"unchanged": 1}


def test_standard_input_replaces_what_came_under_its_name(run: Run) -> None:
    def put(name: str, data: bytes) -> dict[str, float]:
        return counts(run.library.ingest_stream(name, data, fields=Fields("words", "k")))

    assert put("a.csv", b"k,words\n1,one\n2,two\n") == {"new": 2}
    assert put("a.csv2", b"other") == {"new": 1}
    assert put("a.csv", b"k,words\n1,one\n3,three\n") == {"new": 1, "changed": 1, "removed": 1}
    assert run.texts() == {"stdin:a.csv#1": "one", "stdin:a.csv#3": "three", "stdin:a.csv2": "other"}
    assert put("a.csv", b"k,word\n1,one\n") == {"failed": 1}
    assert put("a.csv", b"") == {"skipped": 1}
    assert len(run.texts()) == 3
    assert counts(run.reindex()) == {}


@pytest.fixture
def web() -> Iterator[Site]:
    with site() as made:
        yield made


def test_a_page_is_followed(run: Run, web: Site) -> None:
    page = f"{web.address}/lease"
    web.pages["/lease"] = Answer(b"<title>Lease</title><p>The owner signs.", headers={"ETag": "1"})
    assert counts(run.ingest(f"{page}#who")) == {"new": 1}
    assert run.texts() == {page: "The owner signs."}
    assert [(source.kind, source.uri) for source in run.library.sources()] == [("web", page)]
    web.paths()
    assert counts(run.reindex()) == {"unchanged": 1}
    assert web.asked[-1][1]["If-None-Match"] == "1"
    web.pages["/lease"] = Answer(b"<title>Lease</title><p>The owner signs.", headers={"ETag": "2"})
    assert counts(run.reindex()) == {"unchanged": 1}
    web.pages["/lease"] = Answer(b"<title>Lease</title><p>The tenant signs.", headers={"ETag": "3"})
    assert counts(run.reindex()) == {"changed": 1}
    assert run.texts() == {page: "The tenant signs."}
    assert run.library.query("tenant", 1, only=parse_filter(since="2020-01-01")).hits
    web.pages["/lease"] = Answer(b"<p>The tenant signs.", headers={"Last-Modified": "Fri, 08 Jul 2011 12:08:34 GMT"})
    assert counts(run.reindex()) == {"changed": 1}
    assert not run.library.query("tenant", 1, only=parse_filter(since="2020-01-01")).hits
    (hit,) = run.library.query("tenant", 1).hits
    assert (hit.uri, hit.freshness) == (page, "unknown")


def test_a_page_that_cannot_be_fetched_is_kept_and_one_that_is_gone_is_removed(run: Run, web: Site) -> None:
    page = f"{web.address}/lease"
    web.pages["/lease"] = Answer(b"<p>The owner signs.", headers={"ETag": "1"})
    run.ingest(page)
    for status in (500, 403):
        web.pages["/lease"] = Answer(status=status)
        assert counts(run.reindex()) == {"failed": 1}
        assert run.texts() == {page: "The owner signs."}
    web.pages["/lease"] = Answer(status=410)
    assert counts(run.ingest(page)) == {"failed": 1}
    assert run.texts() == {page: "The owner signs."}
    assert counts(run.reindex()) == {"failed": 1, "removed": 1}
    assert run.problems == [("failed", page, "there is no such page (410)")]
    assert run.texts() == {}
    web.pages["/lease"] = Answer(b"<p>It is back.", headers={"ETag": "1"})
    assert counts(run.reindex()) == {"new": 1}


def test_a_page_without_a_server_is_kept(run: Run) -> None:
    with site() as web:
        page = f"{web.address}/lease"
        web.pages["/lease"] = Answer(b"<p>The owner signs.")
        run.ingest(page)
    assert counts(run.reindex()) == {"failed": 1}
    assert run.problems == [("failed", page, "cannot be fetched: connection refused")]
    assert run.texts() == {page: "The owner signs."}


def test_a_page_that_holds_nothing_to_read(run: Run, web: Site) -> None:
    page = f"{web.address}/picture"
    web.pages["/picture"] = Answer(b"\x7fELF\2\1\0", "image/png", headers={"ETag": "1"})
    assert counts(run.ingest(page)) == {"skipped": 1}
    assert counts(run.reindex()) == {"skipped": 1}
    web.pages["/picture"] = Answer(b"k,words\n1,one\n2,two\n", "text/csv", headers={"ETag": "2"})
    assert counts(run.ingest(page, fields=Fields("words", "k"))) == {"new": 2}
    assert run.texts() == {f"{page}#1": "one", f"{page}#2": "two"}
    assert counts(run.reindex()) == {"unchanged": 2}
    run.library.remove_documents([f"{page}#1"], purge=True)
    web.pages["/picture"] = Answer(b"k,words\n1,one\n3,three\n", "text/csv", headers={"ETag": "3"})
    assert counts(run.reindex()) == {"new": 1, "removed": 1, "skipped": 1}
    assert run.texts() == {f"{page}#3": "three"}
