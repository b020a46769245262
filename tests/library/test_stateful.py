"""Whatever is done to a library and its files, in any order, it agrees with a dictionary and NumPy.

WHEREIN_EXAMPLES=1000 python -m pytest tests/library/test_stateful.py     a long run with new seeds
"""

import json
import os
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from file_oracle import File, FilesOfFolder
from oracle import State, found, mistake, read_state
from stored_texts import TEXT
from toy import ToyEncoder
from wherein.library import Library
from wherein.storage.catalog.checksums import content_hash
from wherein.storage.catalog.connection import open_reader, snapshot
from wherein.storage.catalog.models import bound_model
from wherein.storage.catalog.vectors import pack_vectors
from wherein.storage.index.vector_index import load_index
from wherein.uri import file_uri, record_uri

# The suite tries the same steps each time; a long run tries others.
LONG_RUN = int(os.environ.get("WHEREIN_EXAMPLES", "0"))
SEEDS = (1, 2, 3, 4, 5)
EXAMPLES, STEPS = 8, 50  # of each seed: 2,000 steps in all

TEXTS = ("a.txt", "b.txt", "e.txt", "f.txt", "sub/a.txt", "sub/c.txt", "sub/g.txt", "z.txt")
RECORDS = ("c.jsonl", "d.jsonl", "sub/d.jsonl")
FOLDERS = ("sub", "attic")
SENTENCES = (
    "The red box holds seven marbles.",
    "Seven marbles the red box holds.",  # the same vector as another text
    "The blue box stands under the stairs.",
    "Marbles are made of glass, boxes of wood.",
    "Who may sign the lease?",
    "Der Schlüssel hängt hinter der blauen Tür. 😀",
    "n\u0303 and ñ are not the same to a computer;  blanks  are.",
)
QUESTIONS = ("who holds the red box", "marbles of glass", "lease")

Records = dict[str, str]
texts = st.lists(st.sampled_from(SENTENCES), min_size=1, max_size=7).flatmap(
    lambda parts: st.sampled_from((" ", "\n\n", "\n")).map(lambda blank: blank.join(parts))
)
plain = st.one_of(texts, texts.map(lambda text: f"  {text}\n"), st.just(""), st.just(b"%PDF-1.4 broken"))
records = st.dictionaries(st.sampled_from(("one", "two", "3/4")), texts, min_size=1)


class AnyLibrary(RuleBasedStateMachine, FilesOfFolder):
    """A library beside a dictionary of its files, in the order in which they were first ingested."""

    def __init__(self) -> None:
        RuleBasedStateMachine.__init__(self)
        self.work = Path(tempfile.mkdtemp())
        FilesOfFolder.__init__(self, self.work / "docs")
        for folder in FOLDERS:
            (self.source / folder).mkdir(parents=True)
        self.encoder = ToyEncoder(context_tokens=18)
        self.has_named = False
        self.numbers: set[int] = set()
        self.vectors: dict[bytes, int] = {}
        self.vector_numbers: set[int] = set()
        self.touched = self.changed = False
        self.library = self.open()
        self.reader = self.open()

    def teardown(self) -> None:
        shutil.rmtree(self.work)

    def open(self) -> Library:
        return Library(self.work / "library", encoder=self.encoder)

    # Changes to files.

    @initialize(contents=st.dictionaries(st.sampled_from(TEXTS), texts, min_size=2, max_size=4), more=records)
    def begin(self, contents: dict[str, str], more: Records) -> None:
        for name, content in contents.items():
            self.write(name, content)
        self.write_records(RECORDS[0], more)
        self.ingest()

    @rule(name=st.sampled_from(TEXTS), content=plain)
    def write(self, name: str, content: str | bytes) -> None:
        (self.source / name).write_bytes(content if isinstance(content, bytes) else content.encode())
        self.touched = True

    @rule(name=st.sampled_from(RECORDS), content=records)
    def write_records(self, name: str, content: Records) -> None:
        lines = (json.dumps({"id": key, "text": text}) for key, text in content.items())
        (self.source / name).write_text("\n".join(lines))
        self.touched = True

    @precondition(lambda self: self.there())
    @rule(data=st.data())
    def move(self, data: st.DataObject) -> None:
        path = self.drawn(data)
        path.rename(self.target_for(path, data))

    @precondition(lambda self: self.there())
    @rule(data=st.data())
    def duplicate(self, data: st.DataObject) -> None:
        path = self.drawn(data)
        content = path.read_bytes()
        self.target_for(path, data).write_bytes(content)

    @precondition(lambda self: self.there())
    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        self.drawn(data).unlink()

    @rule()
    def rename_folders(self) -> None:
        one, other = (self.source / name for name in FOLDERS)
        one.rename(self.work / "aside")
        other.rename(one)
        (self.work / "aside").rename(other)
        self.touched = True

    def drawn(self, data: st.DataObject) -> Path:
        self.touched = True
        return data.draw(st.sampled_from(self.there()))

    def target_for(self, path: Path, data: st.DataObject) -> Path:
        return self.source / data.draw(st.sampled_from(TEXTS if path.suffix == ".txt" else RECORDS))

    # Changes to the library.

    @precondition(lambda self: self.touched)
    @rule()
    def ingest(self) -> None:
        self.library.ingest([str(self.source)])
        self.touched = False
        self.note_ingested()
        self.changed = True

    @precondition(lambda self: self.there() or not self.has_named)
    @rule()
    def reindex(self) -> None:
        self.library.reindex()
        self.note_ingested()
        self.forget_vanished()
        self.changed = True

    @precondition(lambda self: self.there())
    @rule(data=st.data())
    def ingest_by_name(self, data: st.DataObject) -> None:
        path = data.draw(st.sampled_from(self.there()))
        away = len(self.held())
        summary = self.library.ingest([str(path)])
        self.note_file(path, named=True)
        assert summary.brought_back <= summary.new
        assert summary.new <= max(len(self.held()) - away, 0) + summary.removed
        self.has_named = self.changed = True

    @precondition(lambda self: self.exclusions.names() & {self.name(path) for path in self.there()})
    @rule(data=st.data())
    def bring_back(self, data: st.DataObject) -> None:
        names = self.exclusions.names() & {self.name(path) for path in self.there()}
        path = self.source / data.draw(st.sampled_from(sorted(names)))
        self.library.ingest([str(path)])
        self.note_file(path, named=True)
        self.has_named = self.changed = True

    @precondition(lambda self: self.held())
    @rule(data=st.data())
    def remove_documents(self, data: st.DataObject) -> None:
        for uri in self.drawn_documents(data):
            self.library.remove_documents([uri])
            self.exclude(uri, "removed")

    @precondition(lambda self: self.held())
    @rule(data=st.data())
    def purge_documents(self, data: st.DataObject) -> None:
        uris = self.drawn_documents(data)
        self.library.remove_documents(uris, purge=True)
        for uri in uris:
            file = self.exclude(uri, "purged")
            if file.state == "read":
                file.purged, file.state = True, "read" if file.documents else "skipped"
        left = {name for file in self.files.values() for document in file.documents.values() for name in document.names}
        self.vectors = {name: number for name, number in self.vectors.items() if name in left}

    def drawn_documents(self, data: st.DataObject) -> list[str]:
        return data.draw(st.lists(st.sampled_from(sorted(self.held())), min_size=1, max_size=3, unique=True))

    def exclude(self, uri: str, kind: str) -> File:
        file, key = self.held()[uri]
        name = next(name for name, other in self.files.items() if other is file)
        self.exclusions.add(kind, name, key, file.documents.pop(key).text, file.content)
        self.changed = True
        return file

    @rule()
    def reopen(self) -> None:
        self.library, self.reader = self.open(), self.open()
        self.changed = True

    # What must be true after each change.

    @precondition(lambda self: self.changed)
    @invariant()
    def everything_is_right(self) -> None:
        self.changed = False
        db = open_reader(self.work / "library")
        try:
            self.check_documents(db)
            self.check_vectors(db)
            state = read_state(db)
            self.check_index(db)
            assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            assert db.execute("PRAGMA foreign_key_check").fetchall() == []
        finally:
            db.close()
        self.check_answers(state)

    def check_documents(self, db) -> None:
        """The documents are those of the dictionary, complete, each with a number of its own that never changes."""
        rows = {uri: rest for uri, *rest in db.execute(f"SELECT uri, id, {TEXT} FROM documents d").fetchall()}
        assert set(rows) == set(self.held())
        for uri, (number, text) in rows.items():
            file, key = self.held()[uri]
            document = file.documents[key]
            if document.number is None:
                assert number not in self.numbers
                document.number = number
                self.numbers.add(number)
            assert (number, text) == (document.number, document.text)
            spans = db.execute(
                'SELECT start, "end", input_hash FROM chunks WHERE document_id = ? ORDER BY ordinal', [number]
            ).fetchall()
            document.names = tuple(name for *_, name in spans)
            reached = 0
            for start, end, name in spans:
                assert start <= reached < end
                reached = end
                assert name == content_hash(text[start:end].strip())
            assert reached == len(text)
        start = file_uri(str(self.source)) + "/"
        away = {(found.uri.removeprefix(start), found.kind) for found in self.reader.removed()}
        assert away == {(record_uri(known.name, known.key), known.kind) for known in self.exclusions if known.name}

    def check_vectors(self, db) -> None:
        """A text that was embedded once keeps its number and its vector; no number is used twice."""
        now = dict(db.execute("SELECT input_hash, id FROM vectors").fetchall())
        assert self.vectors.items() <= now.items()
        assert not {now[name] for name in now.keys() - self.vectors.keys()} & self.vector_numbers
        self.vectors = now
        self.vector_numbers |= set(now.values())
        inputs = db.execute(
            f'SELECT {TEXT}, c.start, c."end", v.vector FROM documents d JOIN chunks c ON c.document_id = d.id'
            " JOIN vectors v ON v.input_hash = c.input_hash"
        ).fetchall()
        expected = self.encoder.encode_contexts([text[start:end].strip() for text, start, end, _ in inputs])
        assert [vector for *_, vector in inputs] == pack_vectors(expected)

    def check_index(self, db) -> None:
        """Every vector of a passage is either in the generation or in the delta."""
        with snapshot(db):
            index = load_index(db, self.work / "library", bound_model(db), None)
            live = db.execute("SELECT v.id FROM vectors v WHERE v.input_hash IN (SELECT input_hash FROM chunks)")
            wanted = {row[0] for row in live.fetchall()}
        folded = index.folded.ids().tolist() if index.folded else []
        in_segments = [number for one in index.segments for number in one.index.ids().tolist()]
        ids = folded + in_segments + index.delta_ids.tolist()
        assert len(ids) == len(set(ids)) == index.count
        assert set(ids) >= wanted
        status = self.reader.status()
        assert (status.documents, status.vectors) == (len(self.held()), len(wanted))

    def check_answers(self, state: State) -> None:
        """A library that stays open and one that has just been opened give the exact answer for every k."""
        count = len(state.passages)
        ks = sorted({1, 2, count // 2, count, count + 3} - {0})
        asked = [(self.reader, question, k) for question in QUESTIONS for k in ks]
        fresh = self.open()
        for library, question, k in [*asked, *((fresh, QUESTIONS[0], k) for k in ks)]:
            vector, _ = self.encoder.encode_question(question)
            hits = library.query(question, k, mode="semantic").hits
            assert [hit.rank for hit in hits] == list(range(1, len(hits) + 1))
            assert mistake(state, vector, k, found(hits)) is None

        for library in (self.reader, fresh):
            for question in QUESTIONS:
                hits = library.query(question, count + 3).hits
                assert sorted(hit[1:] for hit in found(hits)) == sorted(state.passages)
                worded = [hit for hit in hits if hit.matched]
                assert [h.chunk for h in library.query(question, count + 3, mode="keyword").hits] == [
                    h.chunk for h in sorted(worded, key=lambda h: (-h.keyword_score, h.chunk))
                ]


def settings_for(examples: int) -> settings:
    return settings(
        max_examples=examples,
        stateful_step_count=STEPS,
        database=None,
        phases=[Phase.generate],  # to shrink a failure may take half an hour
        suppress_health_check=list(HealthCheck),
    )


@pytest.mark.slow
@pytest.mark.parametrize("number", [None] if LONG_RUN else SEEDS)
def test_a_library_agrees_with_a_dictionary(number: int | None) -> None:
    class Seeded(AnyLibrary):
        pass

    machine = Seeded if number is None else seed(number)(Seeded)
    run_state_machine_as_test(machine, settings=settings_for(LONG_RUN or EXAMPLES))
