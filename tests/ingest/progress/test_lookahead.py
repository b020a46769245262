"""The files that are ahead of a run, and what they will have to embed."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlite_utils import Database

from catalog_rows import add_settled_file, add_source
from toy import ToyEncoder
from wherein.errors import Unreadable
from wherein.ingest.document import Document, Problem
from wherein.ingest.progress.eta import FileCost
from wherein.ingest.progress.events import Ahead
from wherein.ingest.progress.lookahead import LookAhead, Preview
from wherein.ingest.progress.sampler import PendingFile
from wherein.ingest.sources.exclusions import exclusions_for
from wherein.ingest.sources.own_files import OwnFiles
from wherein.ingest.sources.source_walk import SourceWalk
from wherein.ingest.workers.parse import Opened
from wherein.storage.catalog.checksums import content_hash
from wherein.storage.catalog.models import StoredModel
from wherein.storage.catalog.sources import Source


def walks(*sources: Source) -> list[SourceWalk]:
    return [SourceWalk(source, exclusions_for(source, []), OwnFiles(), {}) for source in sources]


class Task:
    def __init__(self, *items: Document | Problem | Unreadable) -> None:
        self._items = items

    def opened(self) -> Opened:
        return Opened(bytes(32), "plain-9")

    def documents(self) -> Iterator[Document | Problem]:
        for item in self._items:
            if isinstance(item, Unreadable):
                raise item
            yield item


@pytest.fixture
def ahead(db: Database, stored: StoredModel, encoder: ToyEncoder) -> LookAhead:
    return LookAhead(db, stored, encoder)  # type: ignore[arg-type]


@pytest.fixture
def source(db: Database, tmp_path: Path) -> Source:
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "a.txt").write_text("x" * 100)
    (docs / "b.TXT").write_text("x" * 20)
    (docs / "c.md").write_text("x" * 3)
    return add_source(db, str(docs))


def test_files_that_have_to_be_read_are_counted(ahead: LookAhead, source: Source, db: Database) -> None:
    add_settled_file(db, source, Path(source.uri) / "a.txt")
    web = add_source(db, "https://example.org/", "web")
    assert ahead.bytes_total is None
    assert ahead.survey(walks(source, web)) == Ahead(2, 23)
    assert ahead.bytes_total == 23


def test_the_bytes_that_are_done(ahead: LookAhead, source: Source) -> None:
    ahead.survey(walks(source))
    cost = ahead.read(f"{source.uri}/b.TXT", 20, 5)
    assert cost == FileCost(".txt", 20, 5)
    assert ahead.bytes_done == 0
    ahead.done(cost)
    assert ahead.bytes_done == 20


def test_the_time_left_is_unknown_without_a_survey(ahead: LookAhead) -> None:
    ahead.done(ahead.read("/a.txt", 20, 5))
    assert ahead.seconds_left() is None


def test_no_file_is_sampled_in_the_first_seconds(ahead: LookAhead, source: Source) -> None:
    ahead.survey(walks(source))
    assert ahead.next_preview(lambda *_: pytest.fail("nothing is to be read")) is None


def sampled(ahead: LookAhead) -> dict[bytes, int]:
    (sample,) = ahead._eta._sampler._samples.values()
    return sample.tokens


def test_a_preview_counts_the_tokens_that_have_no_vector(
    ahead: LookAhead, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    known, claimed, free = "Known text.", "Claimed, too.", "Three free words"
    monkeypatch.setattr(
        "wherein.ingest.progress.lookahead.known_inputs", lambda db, model, hashes: {content_hash(known)}
    )
    documents = [Document("", text, "text/plain", str(n)) for n, text in enumerate((known, claimed, free))]
    task = Task(*documents, Problem("x", "bad"), Unreadable("cut short"))
    file = PendingFile(source, "/a.txt", ".txt", 100)
    ahead.preview(Preview(file, task), lambda name: name == content_hash(claimed))  # type: ignore[arg-type]
    assert sampled(ahead) == {content_hash(free): 3}
    ahead.embedded([content_hash(free)])
    assert sampled(ahead) == {}
