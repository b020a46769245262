"""Records, messages, archives and pages in a library: what becomes of them run after run."""

import json
from pathlib import Path

import pytest

from ingest.summary import Progress, RunProblem, Summary
from library import Fields, Library
from toy import ToyEncoder


class Run:
    """Ingests and reindexes, and keeps what was told about it."""

    def __init__(self, library: Library) -> None:
        self.library = library
        self.told: list[tuple[str, str, str]] = []

    def ingest(self, *sources: object, **options: object) -> Summary:
        self.told.clear()
        return self.library.ingest([str(source) for source in sources], report=self._report, **options)

    def reindex(self) -> Summary:
        self.told.clear()
        return self.library.reindex(report=self._report)

    def texts(self) -> dict[str, str]:
        """The documents by the end of their uri, after the last slash of their source's folder."""
        uris = [document.uri for document in self.library.documents()]
        return {uri.partition("/docs/")[2] or uri: self.library.document(uri)[1] for uri in uris}

    def _report(self, event: RunProblem | Progress) -> None:
        if isinstance(event, RunProblem):
            self.told.append((event.kind, event.uri.partition("/docs/")[2] or event.uri, event.reason))


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
    assert run.told == [("failed", "papers.csv", 'no "abstrakt"; its fields are doi, abstract, year')]
    assert set(run.texts()) == {"papers.csv#10/a", "papers.csv#10/c"}


def test_a_mailbox_grows(run: Run, docs: Path) -> None:
    begin = "From ada@example.org Fri Jul  8 12:08:34 2011\nFrom: ada@example.org\n"
    inbox = docs / "Inbox"
    inbox.write_text(f"{begin}Message-ID: <1@x>\nSubject: Lease\n\nThe owner signs.\n\n")
    assert counts(run.ingest(docs)) == {"new": 1}
    with inbox.open("a") as more:
        more.write(f"{begin}Message-ID: <2@x>\nSubject: Cats\n\nThey sleep.\n\n{begin}\n")
    assert counts(run.reindex()) == {"new": 1, "unchanged": 1, "skipped": 1}
    assert run.told == [("skipped", "Inbox#message-3", "message 3: no text")]
    assert run.texts() == {"Inbox#1%40x": "Lease\n\nThe owner signs.", "Inbox#2%40x": "Cats\n\nThey sleep."}


def test_fields_on_the_command_line(wherein: object, docs: Path) -> None:
    (docs / "a.json").write_text('[{"k": 1, "words": "The market opens at five.", "name": "Market"}]')
    done = wherein("ingest", str(docs), "--text-field", "words", "--title-field", "name", "--id-field", "k")  # type: ignore[operator]
    assert (done.returncode, done.stdout[:6]) == (0, "1 new,")
    (line,) = wherein("documents", "list", "--json").stdout.splitlines()  # type: ignore[operator]
    assert (json.loads(line)["title"], json.loads(line)["uri"][-9:]) == ("Market", "/a.json#1")
    done = wherein("ingest", str(docs), "--text-field", "word")  # type: ignore[operator]
    assert done.returncode == 3
    assert done.stderr == 'failed: docs/a.json: no "word"; its fields are k, words, name\n'
