"""A library that is searched approximately: its answers, filters, folds, damage, deaths, and the shipped model."""

import json
import shutil
import signal
from collections.abc import Callable
from contextlib import closing, suppress
from multiprocessing.connection import Connection
from pathlib import Path

import faiss
import numpy as np
import pytest

from conftest import Command
from deaths import WAYS
from invariants import checked_state
from mortal import finish, start
from toy import ToyEncoder
from wherein.errors import Damaged, UsageError
from wherein.ingest.progress.events import RunProblem
from wherein.library import Library
from wherein.search.filters.parse import parse_filter
from wherein.storage.catalog.connection import open_reader, open_writer
from wherein.storage.catalog.models import bound_model
from wherein.storage.disk.failpoints import EXIT_CODE
from wherein.storage.index.folding import fold_if_due
from wherein.storage.index.generations import active_generation

THINGS = (
    "lease", "herring", "brooch", "market", "barrel", "quay", "lantern", "poplar", "ledger", "captain", "orchard",
    "bell", "kettle", "saddle", "anchor",
)  # fmt: skip
PLACES = ("harbour", "cellar", "attic", "garden", "office", "chapel", "mill", "stable", "bakery", "tower", "bridge")
COUNT = 630
QUESTIONS = (
    "lease and herring and lantern in the cellar or the tower.",
    "Number: bell and kettle in the mill.",
    "poplar and captain and brooch in the garden or the chapel.",
)
FAILPOINTS = (
    "reindex.index.begun", "reindex.index.written", "reindex.index.committed", "generation.written",
    "generation.flushed", "generation.renamed", "generation.folder-flushed", "generation.register.begun",
    "generation.register.written", "generation.register.committed", "generation.forget.written",
)  # fmt: skip
ALWAYS = ("reindex.index.written", "generation.renamed", "generation.register.committed")
"""Those that are tried by `make test` too."""


def sentence(n: int) -> str:
    words = np.random.default_rng(n).choice(THINGS, 3), np.random.default_rng(n + 10**6).choice(PLACES, 2)
    return f"Number {n}: {' and '.join(words[0])} in the {' or the '.join(words[1])}."


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with records, and a library of them with an index of lists."""
    folder = tmp_path_factory.mktemp("scene")
    (folder / "docs").mkdir()
    lines = [json.dumps({"id": f"r{n}", "number": n, "text": sentence(n)}) for n in range(COUNT)]
    (folder / "docs" / "records.jsonl").write_text("\n".join(lines))
    library = Library(folder / "library", encoder=ToyEncoder())
    library.ingest([str(folder / "docs")])
    assert library.status().index == "exact"
    library.reindex(index="ivf")
    assert library.status().index == "ivf"
    return folder


@pytest.fixture
def folder(scene: Path, tmp_path: Path) -> Path:
    shutil.copytree(scene / "docs", tmp_path / "docs")
    return Path(shutil.copytree(scene / "library", tmp_path / "library"))


def opened(folder: Path) -> Library:
    return Library(folder, encoder=ToyEncoder())


def answers(library: Library, k: int = 10, **only: object) -> list[list[tuple[str, float]]]:
    chosen = parse_filter(**only) if only else None  # type: ignore[arg-type]
    return [[(hit.text, hit.score) for hit in library.query(question, k, only=chosen).hits] for question in QUESTIONS]


def shared(some: list[list[tuple[str, float]]], others: list[list[tuple[str, float]]]) -> int:
    """Return how many hits are in both answers, with the same score."""
    near = [
        (text, pytest.approx(score, abs=1e-5)) in mine for mine, other in zip(some, others, strict=True)
        for text, score in other
    ]  # fmt: skip
    return sum(near)


def test_the_answers_are_those_of_exact_search(scene: Path, folder: Path) -> None:
    ivf, filtered = answers(opened(folder)), answers(opened(folder), where="number < 60")
    opened(folder).reindex(index="exact")
    exact = answers(opened(folder))
    assert opened(folder).status().index == "exact"
    assert shared(ivf, exact) >= 0.9 * sum(map(len, exact))
    assert shared(filtered, answers(opened(folder), where="number < 60")) == sum(map(len, filtered)) == 30
    opened(folder).reindex(index="ivf")
    assert answers(opened(folder)) == ivf


def test_nothing_changed_nothing_is_written(folder: Path) -> None:
    before, files = opened(folder).status(), sorted((folder / "generations").iterdir())
    opened(folder).reindex()
    opened(folder).reindex(index="ivf")
    after = opened(folder).status()
    assert (after.generation, after.index, after.recall) == (before.generation, before.index, before.recall)
    assert sorted((folder / "generations").iterdir()) == files
    assert before.recall >= 0.99


def test_later_generations_keep_the_method(folder: Path) -> None:
    with (folder.parent / "new.jsonl").open("w") as file:
        for n in range(COUNT, COUNT + 150):
            file.write(json.dumps({"id": f"r{n}", "text": sentence(n)}) + "\n")
    opened(folder).ingest([str(folder.parent / "new.jsonl")])
    assert opened(folder).status().delta == 150
    assert answers(opened(folder))[0]
    with closing(open_writer(folder)) as db:
        model = bound_model(db)
        assert model is not None
        assert fold_if_due(db, folder, model, at_least=100)
    status = opened(folder).status()
    assert (status.index, status.delta) == ("ivf", 0)
    checked_state(folder, ToyEncoder())


@pytest.mark.parametrize("kind", ["ivf", "hnsw"])
def test_damage_is_reported_and_repaired_by_the_same_method(folder: Path, kind: str) -> None:
    opened(folder).reindex(index=kind)
    before = answers(opened(folder))
    (path,) = (path for path in (folder / "generations").glob("*.faiss") if path.name == active_file(folder))
    for place in (30, path.stat().st_size // 2, path.stat().st_size - 900):
        data = bytearray(path.read_bytes())
        data[place : place + 64] = bytes(value ^ 0x5A for value in data[place : place + 64])
        path.write_bytes(data)
        assert opened(folder).verify().damaged
        with suppress(Damaged):
            scores = dict(pair for answer in before for pair in answer)
            assert all(scores.get(text, score) == score for answer in answers(opened(folder)) for text, score in answer)
        assert opened(folder).repair().left == ()
        assert not opened(folder).verify(deep=True).damaged
        assert opened(folder).status().index == kind
        assert answers(opened(folder)) == before
        path = folder / "generations" / active_file(folder)


def active_file(folder: Path) -> str:
    with closing(open_reader(folder)) as db:
        generation = active_generation(db)
    assert generation is not None
    return generation.file


def test_a_damaged_record_is_repaired(folder: Path) -> None:
    with closing(open_writer(folder)) as db:
        db.execute("UPDATE generations SET method = replace(method, '0.', '1.') WHERE method <> ''")
        db.conn.commit()
    assert opened(folder).verify().damaged
    assert opened(folder).repair().left == ()
    assert opened(folder).status().index == "ivf"


def test_a_backup_contains_the_index(folder: Path) -> None:
    before = answers(opened(folder))
    assert opened(folder).backup(folder.parent / "copy", verify=True).index
    copy = opened(folder.parent / "restored")
    assert not copy.restore(folder.parent / "copy").rebuilt
    assert answers(copy) == before
    other = opened(folder.parent / "other")
    assert other.restore(folder.parent / "copy", index=False).rebuilt
    assert (other.status().index, answers(other)) == ("ivf", before)


def test_a_purged_vector_is_in_no_list(folder: Path) -> None:
    uri = next(document.uri for document in opened(folder).documents() if document.uri.endswith("#r5"))
    old = active_file(folder)
    lists = centroids(folder)
    opened(folder).remove_documents([uri], purge=True)
    assert active_file(folder) != old
    assert not lists & centroids(folder)
    assert not (folder / "generations" / old).exists()
    assert opened(folder).status().index == "ivf"


def centroids(folder: Path) -> set[bytes]:
    index = faiss.read_index(str(folder / "generations" / active_file(folder)))
    return {row.tobytes() for row in index.quantizer.reconstruct_n(0, index.nlist)}


def change(folder: Path, docs: Path, acknowledge: Connection) -> None:
    """Give the library two other indexes, one after the other."""
    for kind in ("hnsw", "ivf"):
        opened(folder).reindex(index=kind)
        acknowledge.send(kind)


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    "failpoint",
    [name if name in ALWAYS else pytest.param(name, marks=pytest.mark.slow) for name in FAILPOINTS],
)
def test_death_while_an_index_is_written(folder: Path, failpoint: str, way: str) -> None:
    docs = folder.parent / "docs"
    process, receiver = start(change, folder, docs, f"{failpoint}:{way}")
    assert finish(process, receiver) == []
    assert process.exitcode == (-signal.SIGKILL if way == "kill" else EXIT_CODE)
    state = checked_state(folder, ToyEncoder())
    assert len(state) == COUNT
    assert opened(folder).status().index == (
        "hnsw" if failpoint in ("generation.register.committed", "generation.forget.written") else "ivf"
    )
    process, receiver = start(change, folder, docs)
    assert finish(process, receiver) == ["hnsw", "ivf"]
    assert opened(folder).status().index == "ivf"
    assert len(list((folder / "generations").iterdir())) <= 4
    assert not opened(folder).verify(deep=True).damaged
    assert checked_state(folder, ToyEncoder()).keys() == state.keys()


def test_an_index_that_does_not_suit_is_reported(tmp_path: Path) -> None:
    (tmp_path / "one.txt").write_text("A lease.")
    library, events = opened(tmp_path / "library"), []
    library.ingest([str(tmp_path / "one.txt")])
    assert library.reindex(index="ivf", report=events.append).failed == 0
    assert [
        (problem.uri, "few vectors" in problem.reason) for problem in events if isinstance(problem, RunProblem)
    ] == [("--index ivf", True)]
    events.clear()
    library.reindex(report=events.append)
    assert not [problem for problem in events if isinstance(problem, RunProblem)]
    with pytest.raises(UsageError, match="no index flat"):
        library.reindex(index="flat")


def test_distances_are_searched_exactly(scene: Path, tmp_path: Path) -> None:
    library = Library(tmp_path / "library", encoder=ToyEncoder(name="far", metric="l2"))
    library.ingest([str(scene / "docs")])
    events: list[object] = []
    library.reindex(index="hnsw", report=events.append)
    assert any("miss too many" in getattr(problem, "reason", "") for problem in events)
    assert library.status().index == "exact"
    assert library.query(QUESTIONS[0]).hits


def test_the_commands_with_the_shipped_model(
    scene: Path, tmp_path: Path, wherein: Command, open_library: Callable[[], Library]
) -> None:
    lines = (scene / "docs" / "records.jsonl").read_text().splitlines()[:150]
    (tmp_path / "records.jsonl").write_text("\n".join(lines))
    assert wherein("--precision", "w8a32", "ingest", "records.jsonl").returncode == 0
    exact = open_library().query(QUESTIONS[0], 10).hits
    done = wherein("reindex", "--index", "ivf")
    assert (done.returncode, "index: a new one answers" in done.stderr) == (0, True)
    status = json.loads(wherein("status", "--json").stdout)
    assert (status["index"], status["recall"] >= 0.99, status["delta"]) == ("ivf", True, 0)
    hits = open_library().query(QUESTIONS[0], 10).hits
    assert len({hit.chunk for hit in hits} & {hit.chunk for hit in exact}) >= 9
    scores = {hit.chunk: hit.dense_score for hit in exact}
    assert all(hit.dense_score == scores.get(hit.chunk, hit.dense_score) for hit in hits)
    assert not open_library().verify(deep=True).damaged
    assert wherein("reindex", "--index", "flat").returncode == 2
