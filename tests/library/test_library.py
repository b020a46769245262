"""`Library` from documents to answers, with the shipped model, real SQLite and real FAISS."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from wherein.errors import LibraryBusy, ModelMismatch, UsageError, WhereinError
from wherein.library import Library, RunProblem
from wherein.storage.catalog.connection import open_reader
from wherein.storage.disk.lock import writer_lock

pytestmark = pytest.mark.workers

Open = Callable[[], Library]

LEASE = "The lease may be signed by the owner of the house or by her attorney.\n"
CATS = "A cat sleeps for twelve to sixteen hours a day, most of them in daylight.\n"
BREAD = "Knead the dough for ten minutes and let it rise until it has doubled.\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "lease.txt").write_text(LEASE)
    (docs / "cats.md").write_text(f"# Cats\n\n{CATS}")
    (docs / "bread.html").write_text(f"<html><title>Bread</title><body><h1>Dough</h1><p>{BREAD}</p></body></html>")
    return docs


def test_the_passage_that_holds_the_answer_comes_first(folder: Path, open_library: Open) -> None:
    summary = open_library().ingest([str(folder)])
    assert (summary.new, summary.failed, summary.embedded) == (3, 0, 3)
    for question, name in (("who may sign the lease?", "lease.txt"), ("how long do cats sleep?", "cats.md")):
        hits = open_library().query(question, 3).hits
        assert [hit.rank for hit in hits] == [1, 2, 3]
        assert hits[0].uri.endswith(name)
        assert sorted((hit.score for hit in hits), reverse=True) == [hit.score for hit in hits]
    hit = open_library().query("how long should dough be kneaded?", 1).hits[0]
    assert (hit.title, hit.heading) == ("Bread", ("Dough",))
    _, text, _ = open_library().document(str(folder / "bread.html"))
    assert text[hit.start : hit.end] == hit.text


def test_an_unchanged_source_is_neither_read_nor_embedded(folder: Path, open_library: Open) -> None:
    library = open_library()
    library.ingest([str(folder)])
    again = open_library().ingest([str(folder)])
    assert (again.new, again.changed, again.unchanged, again.embedded) == (0, 0, 3, 0)


def test_a_changed_file_with_the_same_size_and_time_is_noticed_while_it_is_fresh(
    folder: Path, open_library: Open
) -> None:
    open_library().ingest([str(folder)])
    status = (folder / "lease.txt").stat()
    (folder / "lease.txt").write_text(LEASE.replace("owner", "buyer"))
    os.utime(folder / "lease.txt", ns=(status.st_atime_ns, status.st_mtime_ns))
    assert open_library().ingest([str(folder)]).changed == 1
    assert "buyer" in open_library().query("who may sign the lease?", 1).hits[0].text


def test_editing_a_paragraph_embeds_only_the_chunks_around_it(folder: Path, open_library: Open) -> None:
    paragraphs = [f"Paragraph {n} tells of the number {n * n}. " * 12 for n in range(120)]
    (folder / "long.txt").write_text("\n\n".join(paragraphs))
    first = open_library().ingest([str(folder)])
    paragraphs[60] = paragraphs[60].replace("tells of", "speaks about")
    (folder / "long.txt").write_text("\n\n".join(paragraphs))
    second = open_library().ingest([str(folder)])
    assert first.embedded > 40
    assert second.changed == 1
    assert 1 <= second.embedded <= 4


def test_a_moved_file_keeps_its_document_and_a_copy_is_a_second_one(folder: Path, open_library: Open) -> None:
    open_library().ingest([str(folder)])
    before = {document.uri: document.id for document in open_library().documents()}
    (folder / "lease.txt").rename(folder / "contract.txt")
    (folder / "copy.txt").write_text(CATS)
    (folder / "copy2.txt").write_text(CATS)
    summary = open_library().ingest([str(folder)])
    assert (summary.moved, summary.new, summary.embedded) == (1, 2, 1)
    after = {document.uri.rpartition("/")[2]: document.id for document in open_library().documents()}
    assert after["contract.txt"] == next(i for uri, i in before.items() if uri.endswith("lease.txt"))
    assert "lease.txt" not in after
    found = {hit.uri.rpartition("/")[2] for hit in open_library().query("how long do cats sleep?", 3).hits}
    assert found == {"cats.md", "copy.txt", "copy2.txt"}


def test_reindex_ingests_what_changed_and_removes_what_is_gone(folder: Path, open_library: Open) -> None:
    library = open_library()
    library.ingest([str(folder)])
    library.ingest_stream("note", b"The spare key hangs behind the blue door.")
    (folder / "cats.md").unlink()
    (folder / "dogs.txt").write_text("Dogs bark at night when strangers come close to the house.")
    assert open_library().ingest([str(folder)]).removed == 0
    summary = open_library().reindex()
    assert (summary.removed, summary.unchanged) == (1, 3)
    uris = [document.uri for document in open_library().documents()]
    assert not any(uri.endswith("cats.md") for uri in uris)
    assert "stdin:note" in uris
    status = open_library().status()
    assert (status.documents, status.delta, status.generation) == (4, 0, 3)


def test_a_source_that_is_gone_or_empty_does_not_empty_the_library(folder: Path, open_library: Open) -> None:
    open_library().ingest([str(folder)])
    problems: list[RunProblem] = []
    folder.rename(folder.with_name("elsewhere"))
    for _ in range(2):
        summary = open_library().reindex(
            report=lambda event: problems.append(event) if hasattr(event, "reason") else None
        )
        assert summary.removed == 0
        folder.mkdir(exist_ok=True)  # the empty mount point
    assert len(list(open_library().documents())) == 3
    assert any("kept" in problem.reason for problem in problems)


def test_generation_and_delta_together_are_exact(folder: Path, open_library: Open) -> None:
    library = open_library()
    library.ingest([str(folder)])
    for n in range(30):
        (folder / f"{n}.txt").write_text(f"Note {n}: the {['red', 'green', 'blue'][n % 3]} box holds {n} marbles.")
    open_library().ingest([str(folder)])
    assert open_library().status().delta == 30
    hits = open_library().query("which box holds seven marbles?", 33, mode="semantic").hits
    db = open_reader(library.folder)
    rows = db.execute("SELECT vector FROM vectors").fetchall()
    vectors = np.stack([np.frombuffer(row[0], "<f2").astype(np.float32) for row in rows])
    question, _ = library._queries.session.encoder.encode_question("which box holds seven marbles?")
    np.testing.assert_allclose([hit.score for hit in hits], np.sort(vectors @ question)[::-1], atol=1e-5)


def test_removed_documents_never_shorten_an_answer(folder: Path, open_library: Open) -> None:
    for n in range(40):
        (folder / f"{n}.txt").write_text(f"The lease number {n} may be signed by tenant {n}.")
    open_library().ingest([str(folder)])
    open_library().remove_documents([str(folder / f"{n}.txt") for n in range(38)])
    hits = open_library().query("who may sign the lease?", 5).hits
    assert len(hits) == 5


def test_json_lines_are_documents_of_their_own(folder: Path, open_library: Open) -> None:
    wiki = folder / "wiki.jsonl"
    records = [{"id": f"r{n}", "title": f"Record {n}", "text": f"Fact {n}: {CATS}", "year": n} for n in range(3)]
    wiki.write_text("\n".join([*map(json.dumps, records), "{broken"]))
    summary = open_library().ingest([str(wiki)])
    assert (summary.new, summary.failed) == (3, 1)
    records[1]["text"] = "Fact 1 is another one now."
    wiki.write_text("\n".join(map(json.dumps, records[:2])))
    summary = open_library().ingest([str(wiki)])
    assert (summary.changed, summary.unchanged, summary.removed, summary.embedded) == (1, 1, 1, 1)
    assert [document.metadata["year"] for document in open_library().documents()] == [0, 1]


def test_every_bad_file_has_its_reason_and_every_good_one_is_ingested(folder: Path, open_library: Open) -> None:
    (folder / "empty.txt").write_bytes(b"")
    (folder / "picture.txt").write_bytes(b"\x7fELF\2\1\0\0\0")
    (folder / "latin.txt").write_bytes("caf\u00e9 au lait".encode("latin-1"))
    (folder / "cut.pdf").write_bytes(b"%PDF-1.4\n1 0 obj\n<< /Type /Catalog")
    (folder / "huge.txt").write_bytes(b"words and words " * 200_000)
    (folder / "one-word.txt").write_bytes(b"a" * 400_000)
    (folder / "a\nb.txt").write_text("The file whose name holds a newline speaks of quinces.")
    (folder / "loop").symlink_to(folder)
    problems: dict[str, RunProblem] = {}
    library = open_library()
    summary = library.ingest(
        [str(folder)],
        max_size=1_000_000,
        report=lambda event: (
            problems.update({event.uri.rpartition("/")[2]: event}) if hasattr(event, "reason") else None
        ),
    )
    reasons = {name: (problem.kind, problem.reason) for name, problem in problems.items()}
    assert reasons["empty.txt"] == ("skipped", "empty file")
    assert reasons["picture.txt"][0] == "skipped"
    assert "latin.txt" not in reasons
    assert "PDF" in reasons["cut.pdf"][1]
    assert reasons["huge.txt"] == ("failed", "larger than --max-size (1 MB): it is 3 MB")
    assert "loop" in reasons["loop"][1]
    assert (summary.new, summary.skipped, summary.failed) == (6, 3, 2)
    assert "quinces" in open_library().query("quinces", 1).hits[0].text
    again = open_library().ingest([str(folder)], max_size=4_000_000)
    assert (again.new, again.unchanged, again.skipped, again.failed) == (1, 6, 3, 1)


def test_a_broken_new_version_leaves_the_old_one_answering(folder: Path, open_library: Open) -> None:
    open_library().ingest([str(folder)])
    (folder / "lease.txt").write_bytes(b"%PDF-1.4 broken")
    assert open_library().ingest([str(folder)]).failed == 1
    assert open_library().query("who may sign the lease?", 1).hits[0].text == LEASE


def test_an_open_library_sees_what_is_committed_later(folder: Path, open_library: Open) -> None:
    open_library().ingest([str(folder)])
    reader = open_library()
    assert "moon" not in reader.query("the moon", 1).hits[0].text
    (folder / "moon.txt").write_text("The moon circles the earth in twenty-seven days.")
    open_library().ingest([str(folder)])
    assert "moon" in reader.query("the moon", 1).hits[0].text


def test_errors_name_the_remedy(folder: Path, open_library: Open, tmp_path: Path) -> None:
    with pytest.raises(WhereinError, match="wherein ingest"):
        open_library().query("anything")
    with pytest.raises(UsageError, match="no file or folder"):
        open_library().ingest([str(tmp_path / "nowhere")])
    open_library().ingest([str(folder)])
    with pytest.raises(ModelMismatch, match="w8a32"):
        Library(tmp_path / "library", precision="w8a8").query("anything")
    with pytest.raises(UsageError, match="empty"):
        open_library().query("  ")
    with writer_lock(tmp_path / "library"), pytest.raises(LibraryBusy, match=str(os.getpid())):
        open_library().ingest([str(folder)])


def test_of_a_question_that_is_too_long_for_the_model_the_rest_is_searched_by_its_words(
    folder: Path, open_library: Open
) -> None:
    open_library().ingest([str(folder)])
    question = "who may sign the lease " + "of the house " * 60 + "in Vienna?"
    answer = open_library().query(question, 1)
    assert (answer.truncated, "lease" in answer.hits[0].text) == ("", True)
    (note,) = (note for note in answer.notes if note.startswith("the model read only the beginning of the question"))
    assert "of the house" in note
    assert open_library().query(question, 1, mode="semantic").truncated.endswith("in Vienna?")
    whole = open_library().query("who may sign the lease " + "of the house " * 20 + "in Vienna?", 1)
    assert not any("beginning of the question" in note for note in whole.notes)
