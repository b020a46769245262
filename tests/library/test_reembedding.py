"""A library is moved to another model: the old one answers until the new one does, whatever happens meanwhile."""

import shutil
from contextlib import closing
from pathlib import Path

import pytest

from invariants import checked_state
from two_models import QUESTION, count_vectors, hit_values, move, new, old, texts, write_scenes
from wherein.embed.model import load_model
from wherein.errors import ModelMismatch, UsageError
from wherein.ingest.progress.events import Progress
from wherein.library import Library
from wherein.storage.catalog.connection import open_reader
from wherein.storage.catalog.models import bound_model


@pytest.fixture(scope="module")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_scenes(tmp_path_factory.mktemp("scenes"))


def test_a_moved_library_is_the_one_that_was_begun_with_the_model(scenes: Path) -> None:
    after = checked_state(scenes / "after", new())
    assert texts(after) == texts(checked_state(scenes / "fresh", new()))
    before = checked_state(scenes / "before", old())
    assert {uri: kept.id for uri, kept in after.items()} == {uri: kept.id for uri, kept in before.items()}
    assert after != before
    moved, fresh = (Library(scenes / name, encoder=new()).query(QUESTION, 50).hits for name in ("after", "fresh"))
    assert sorted(hit_values(moved)) == sorted(hit_values(fresh))
    nearest = Library(scenes / "after", encoder=new()).query(QUESTION, 50, mode="semantic").hits
    assert [hit.distance for hit in nearest] == sorted(hit.distance or 0 for hit in nearest)
    assert nearest[0].distance
    assert moved[0].distance
    assert count_vectors(scenes / "after", old().fingerprint) == count_vectors(scenes / "before", old().fingerprint)
    assert not Library(scenes / "after", encoder=new()).verify(deep=True).damaged


def test_each_passage_is_embedded_once(scenes: Path, tmp_path: Path) -> None:
    library = Path(shutil.copytree(scenes / "before", tmp_path / "library"))
    summary = Library(library, encoder=new()).reindex(model="other")
    stored = count_vectors(library, new().fingerprint)
    assert summary.embedded == stored
    # Where headings were within passages, the text is cut again when the file has been read: some are not needed.
    assert 0 < stored - count_vectors(scenes / "fresh", new().fingerprint) < 20
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


def test_a_reader_never_mixes_two_models(scenes: Path, tmp_path: Path) -> None:
    library = Path(shutil.copytree(scenes / "before", tmp_path / "library"))
    reader = Library(library, encoder=old())
    expected = hit_values(reader.query(QUESTION, 9).hits)
    asked = 0

    def ask(event: object) -> None:
        nonlocal asked
        if isinstance(event, Progress) and event.embedded:
            with closing(open_reader(library)) as db:
                bound = bound_model(db)
            if bound and bound.fingerprint == old().fingerprint:
                assert hit_values(reader.query(QUESTION, 9).hits) == expected
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
