"""A library is moved to another model: the old one answers until the new one does, whatever happens meanwhile."""

import json
import os
import shutil
from contextlib import closing
from pathlib import Path

import pytest

from card import card_model_folder, small
from invariants import Kept, checked_state
from mortal import finish, start
from toy import ToyEncoder
from wherein.embed.model import load_model
from wherein.errors import ModelMismatch, UsageError
from wherein.ingest import commit
from wherein.ingest.progress.events import Progress, Report
from wherein.library import Hit, Library
from wherein.storage.catalog.connection import open_reader
from wherein.storage.catalog.models import bound_model
from wherein.storage.disk.failpoints import POINTS, STEPS

CHECKPOINTS = ("checkpoint.begun", "checkpoint.done")
MOMENTS = ("begun", "written", "committed")
FAILPOINTS = [
    *(f"{step}.{moment}" for step in STEPS if step.startswith("reembed.") for moment in MOMENTS),
    *(f"reembed.batch.{moment}@2" for moment in MOMENTS),
    *(name for name in POINTS if name.startswith("generation.")),
    "reindex.orphans.written",
    *CHECKPOINTS,
]
QUESTION = "which lot has herring on the quay?"


def old() -> ToyEncoder:
    return ToyEncoder(context_tokens=64)


def new() -> ToyEncoder:
    return ToyEncoder(dimension=24, context_tokens=40, name="other", metric="l2")


def first_files(docs: Path) -> None:
    docs.mkdir()
    sections = "\n\n".join(f"# Section {n}\n\nLot {n} has {n * n} barrels of herring on the quay." for n in range(30))
    (docs / "market.md").write_text(sections)
    (docs / "same.md").write_text(sections)
    text = "\n\n".join(
        f"Paragraph {n} tells of lot {n * n}, of its barrels and of its price in town." for n in range(90)
    )
    (docs / "long.txt").write_text(text)
    (docs / "short.txt").write_text("The brooch is in the blue box.")
    (docs / "records.jsonl").write_text(
        "".join(f'{{"id": "r{n}", "text": "Record {n} of the quay."}}\n' for n in range(5))
    )
    for path in docs.iterdir():
        os.utime(path, ns=(10**18, 10**18))


@pytest.fixture(scope="module")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library of the old model, the same after the move, and one that was begun with the new model."""
    scenes = tmp_path_factory.mktemp("scenes")
    first_files(scenes / "docs")
    Library(scenes / "before", encoder=old()).ingest([str(scenes / "docs")])
    Library(scenes / "fresh", encoder=new()).ingest([str(scenes / "docs")])
    shutil.copytree(scenes / "before", scenes / "after")
    move(scenes / "after")
    return scenes


@pytest.fixture(scope="module")
def states(scenes: Path) -> dict[str, dict[str, object]]:
    """The texts and passages that the library has before and after the move."""
    encoders = {"before": old(), "after": new()}
    return {name: texts(checked_state(scenes / name, encoder)) for name, encoder in encoders.items()}


def move(folder: Path, *_: object, report: Report = lambda _: None) -> None:
    commit._COMMIT_VECTORS = 16  # so that there are several commits without thousands of passages
    Library(folder, encoder=new()).reindex(model="other", report=report)


def texts(state: dict[str, Kept]) -> dict[str, object]:
    return {uri: (kept.text, kept.spans) for uri, kept in state.items()}


def vectors(folder: Path, fingerprint: str) -> int:
    with closing(open_reader(folder)) as db:
        row = db.execute(
            "SELECT count(*) FROM vectors v JOIN models m ON m.id = v.model_id WHERE m.fingerprint = ?", [fingerprint]
        )
        return int(row.fetchone()[0])


def told(hits: list[Hit]) -> list[tuple[object, ...]]:
    return [(h.uri, h.start, h.end, h.page, h.heading, h.text, h.score, h.distance) for h in hits]


def test_a_moved_library_is_the_one_that_was_begun_with_the_model(scenes: Path) -> None:
    after = checked_state(scenes / "after", new())
    assert texts(after) == texts(checked_state(scenes / "fresh", new()))
    before = checked_state(scenes / "before", old())
    assert {uri: kept.id for uri, kept in after.items()} == {uri: kept.id for uri, kept in before.items()}
    assert after != before
    moved, fresh = (Library(scenes / name, encoder=new()).query(QUESTION, 50).hits for name in ("after", "fresh"))
    assert sorted(told(moved)) == sorted(told(fresh))
    nearest = Library(scenes / "after", encoder=new()).query(QUESTION, 50, mode="semantic").hits
    assert [hit.distance for hit in nearest] == sorted(hit.distance or 0 for hit in nearest)
    assert nearest[0].distance
    assert moved[0].distance
    assert vectors(scenes / "after", old().fingerprint) == vectors(scenes / "before", old().fingerprint)
    assert not Library(scenes / "after", encoder=new()).verify(deep=True).damaged


def test_each_passage_is_embedded_once(scenes: Path, tmp_path: Path) -> None:
    library = Path(shutil.copytree(scenes / "before", tmp_path / "library"))
    summary = Library(library, encoder=new()).reindex(model="other")
    stored = vectors(library, new().fingerprint)
    assert summary.embedded == stored
    # Where headings were within passages, the text is cut again when the file has been read: some are not needed.
    assert 0 < stored - vectors(scenes / "fresh", new().fingerprint) < 20
    assert summary.reused > 0  # the second file with the same text
    again = Library(library, encoder=new()).reindex(model="other")
    assert (again.embedded, again.chunks, again.changed) == (0, 0, 0)
    back = Library(library, encoder=old()).reindex(model="toy")
    assert back.embedded == 0
    assert texts(checked_state(library, old())) == texts(checked_state(scenes / "before", old()))


def test_the_wrong_model_is_refused_with_the_way_out(scenes: Path) -> None:
    with pytest.raises(ModelMismatch) as refused:
        Library(scenes / "after", encoder=old()).query(QUESTION)
    for part in (old().fingerprint, new().fingerprint, "wherein reindex --model toy"):
        assert part in str(refused.value)
    with pytest.raises(UsageError, match="no model nowhere"):
        Library(scenes / "after", encoder=new()).reindex(model="nowhere")


@pytest.mark.parametrize("failpoint", FAILPOINTS)
def test_death_at_every_step_of_the_move(
    scenes: Path, states: dict[str, dict[str, object]], tmp_path: Path, failpoint: str
) -> None:
    library = Path(shutil.copytree(scenes / "before", tmp_path / "library"))
    process, receiver = start(move, library, scenes / "docs", f"{failpoint}:kill")
    finish(process, receiver)
    assert process.exitcode == -9
    with closing(open_reader(library)) as db:
        bound = bound_model(db)
    assert bound
    moved = bound.fingerprint == new().fingerprint
    assert moved == (failpoint in ("reembed.switch.committed", "reindex.orphans.written", *CHECKPOINTS))
    answering, expected = (new(), "after") if moved else (old(), "before")
    state = checked_state(library, answering)
    # After the switch alone, what has headings is still cut by those that are stored.
    assert texts(state) == states[expected] or failpoint == "reembed.switch.committed"
    assert not Library(library, encoder=answering).verify().damaged
    kept = vectors(library, new().fingerprint)
    summary = Library(library, encoder=new()).reindex(model="other")
    assert kept + summary.embedded == vectors(scenes / "after", new().fingerprint)
    assert texts(checked_state(library, new())) == states["after"]
    assert len(list((library / "generations").iterdir())) <= 4


def test_what_is_taken_in_between_two_tries_is_moved_too(scenes: Path, tmp_path: Path) -> None:
    library = Path(shutil.copytree(scenes / "before", tmp_path / "library"))
    finish(*start(move, library, scenes / "docs", "reembed.switch.begun:kill"))
    docs = tmp_path / "more"
    docs.mkdir()
    (docs / "more.txt").write_text("Ten ships lie in the harbour, and one of them is blue.\n" * 9)
    Library(library, encoder=old()).ingest([str(docs)])
    assert "harbour" in Library(library, encoder=old()).query("ships in the harbour", 1).hits[0].text
    summary = Library(library, encoder=new()).reindex(model="other")
    assert 0 < summary.embedded < 40
    checked_state(library, new())
    hits = Library(library, encoder=new()).query("ships in the harbour", 200).hits
    assert any("harbour" in hit.text for hit in hits)


def test_a_reader_never_mixes_two_models(scenes: Path, tmp_path: Path) -> None:
    library = Path(shutil.copytree(scenes / "before", tmp_path / "library"))
    reader = Library(library, encoder=old())
    expected = told(reader.query(QUESTION, 9).hits)
    asked = 0

    def ask(event: object) -> None:
        nonlocal asked
        if isinstance(event, Progress) and event.embedded:
            with closing(open_reader(library)) as db:
                bound = bound_model(db)
            if bound and bound.fingerprint == old().fingerprint:
                assert told(reader.query(QUESTION, 9).hits) == expected
                asked += 1

    move(library, report=ask)
    assert asked > 1
    with pytest.raises(ModelMismatch) as refused:
        reader.query(QUESTION)
    assert old().fingerprint in str(refused.value)
    assert new().fingerprint in str(refused.value)


def test_an_empty_library_is_begun_with_the_model(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "empty.txt").write_text("")
    Library(tmp_path / "library", encoder=old()).ingest([str(tmp_path / "docs")])
    Library(tmp_path / "library", encoder=new()).reindex(model="other")
    (tmp_path / "docs" / "text.txt").write_text("Herring is sold on the quay.")
    Library(tmp_path / "library", encoder=new()).ingest([str(tmp_path / "docs")])
    assert Library(tmp_path / "library", encoder=new()).query(QUESTION).hits[0].distance


# With real models.


def test_the_shipped_model_at_another_precision(tmp_path: Path, compiled_cache: Path) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "lease.txt").write_text("The lease may be signed by the owner of the house or by her attorney.")
    (docs / "cats.txt").write_text("A cat sleeps for twelve to sixteen hours a day.")
    name = load_model().name
    Library(tmp_path / "library", precision="w8a32", cache=compiled_cache).ingest([str(docs)])
    reader = Library(tmp_path / "library", cache=compiled_cache)
    before = reader.query("who may sign the lease?").hits
    with pytest.raises(ModelMismatch, match="--precision w8a8 reindex --model"):
        Library(tmp_path / "library", precision="w8a8").query("who may sign the lease?")
    summary = Library(tmp_path / "library", precision="w8a8", cache=compiled_cache).reindex(model=name)
    assert (summary.embedded, summary.chunks, summary.changed, summary.unchanged) == (2, 2, 0, 2)
    after = reader.query("who may sign the lease?").hits  # the reader that was open goes over to it
    assert reader.status().precision == "w8a8"
    assert [hit.chunk for hit in after] == [hit.chunk for hit in before]  # not cut anew
    assert [hit.score for hit in after] == pytest.approx([hit.score for hit in before], abs=0.05)
    assert [hit.score for hit in after] != [hit.score for hit in before]
    assert {hit.distance for hit in after} == {None}
    with pytest.raises(ModelMismatch, match="w8a32"):
        Library(tmp_path / "library", precision="w8a32").query("who may sign the lease?")
    assert not Library(tmp_path / "library", cache=compiled_cache).verify(deep=True).damaged


def test_the_cards_architecture_from_a_folder(tmp_path: Path) -> None:
    from click.testing import CliRunner

    from wherein.cli import main

    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "lease.txt").write_text("The lease may be signed by the owner of the house or by her attorney.")
    (docs / "cats.txt").write_text("A cat sleeps for twelve to sixteen hours a day.")
    model = card_model_folder(tmp_path / "card", small())

    def run(*arguments: str) -> str:
        found = CliRunner().invoke(main, ["--library", str(tmp_path / "library"), *arguments])
        assert found.exit_code == 0, found.output
        return found.stdout

    run("ingest", str(docs))
    run("reindex", "--model", str(model))
    answer = json.loads(run("query", "the lease", "--json"))
    distances = [hit["distance"] for hit in answer["hits"]]
    assert len(distances) == 2
    assert 0 < distances[0] < distances[1]
    assert f"distance {distances[0]:.2f}" in run("query", "the lease")
    shutil.rmtree(model)
    found = CliRunner().invoke(main, ["--library", str(tmp_path / "library"), "query", "the lease"])
    assert found.exit_code == 6
    assert f"wherein reindex --model {load_model().name}" in found.output
