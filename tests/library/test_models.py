"""Libraries and their models: found again by fingerprint, never mixed, refused when a file is damaged."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tiny import write_tiny
from wherein.embed.model import DEFAULT_MODEL, IR, TOKENIZER, WEIGHTS, load_model
from wherein.embed.models.importing import ImportOptions, add_model
from wherein.embed.models.installed import MODELS_VARIABLE, damaged_files, find_model, fingerprints
from wherein.errors import Damaged, ModelMismatch, UsageError
from wherein.library import Library

LEASE = "the lease is signed by the owner"
CATS = "a cat sleeps all day"
QUESTION = "the lease is signed by the owner of the house"


@pytest.fixture(autouse=True)
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(MODELS_VARIABLE, str(tmp_path / "models"))
    return tmp_path / "models"


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "lease.txt").write_text(LEASE)
    (folder / "cats.txt").write_text(CATS)
    return folder


@pytest.fixture
def opened(tmp_path: Path) -> Callable[..., Library]:
    return lambda model=None: Library(tmp_path / "library", precision="w8a32", model=model, cache=tmp_path / "cache")


@pytest.fixture
def tiny(tmp_path: Path, models: Path) -> Path:
    """An installed model, and the zoo folder that it came from."""
    add_model(write_tiny(tmp_path / "zoo"), models)
    return tmp_path / "zoo"


def best(library: Library) -> str:
    return library.query(QUESTION, 1).hits[0].text


def test_a_library_is_opened_with_the_model_that_it_was_begun_with(
    opened: Callable[..., Library], docs: Path, tiny: Path, models: Path
) -> None:
    opened("tiny").ingest([str(docs)])
    assert (opened().status().model, opened().status().precision) == ("tiny", "w8a32")
    assert best(opened()) == LEASE
    (docs / "more.txt").write_text("bread dough is kneaded")
    assert opened().ingest([str(docs)]).embedded == 1
    assert best(opened("tiny")) == best(opened(models / "tiny")) == best(opened(str(models / "tiny"))) == LEASE
    (models / "tiny").rename(models / "renamed")  # it is known by its fingerprint, whatever its name
    assert best(opened()) == LEASE
    assert not [found for found in opened().verify(deep=True).findings if not found.harmless]


def test_a_library_is_not_used_with_another_model(
    opened: Callable[..., Library], docs: Path, tiny: Path, models: Path, tmp_path: Path
) -> None:
    opened("tiny").ingest([str(docs)])
    other = add_model(write_tiny(tmp_path / "other", seed=1), models, ImportOptions(name="other")).model
    bound, others = fingerprints(find_model("tiny", models))["w8a32"], fingerprints(other)["w8a32"]
    words = rf"made with tiny {bound}, but the model here is other {others}; .*wherein reindex --model other"
    for use in (lambda: best(opened("other")), lambda: opened("other").ingest([str(docs)])):
        with pytest.raises(ModelMismatch, match=words):
            use()
    with pytest.raises(UsageError, match="There is no model nothing"):
        best(opened("nothing"))
    with pytest.raises(UsageError, match="wherein model add"):
        best(opened(tiny))
    with pytest.raises(UsageError, match="wherein model fetch"):
        best(opened("bert-small-uncased-whole-word-masking-squad-emb-int8-0001"))
    assert best(opened()) == LEASE


def test_a_library_whose_model_is_gone_is_refused_until_it_is_back(
    opened: Callable[..., Library], docs: Path, tiny: Path, models: Path
) -> None:
    opened("tiny").ingest([str(docs)])
    bound = fingerprints(find_model("tiny", models))["w8a32"]
    shutil.rmtree(models / "tiny")
    shipped = load_model()
    words = rf"made with tiny {bound}, .*{shipped.name} {fingerprints(shipped)['w8a32']}; install that model again"
    with pytest.raises(ModelMismatch, match=words):
        best(opened())
    assert opened().status().documents == 2
    add_model(tiny, models)
    assert best(opened()) == LEASE


def variant(models: Path, name: str = "variant") -> Path:
    """Install the shipped model's own files under another length, so that its fingerprint is another one."""
    folder = Path(shutil.copytree(DEFAULT_MODEL, models / name))
    about = json.loads((folder / "model.json").read_text())
    (folder / "model.json").write_text(json.dumps({**about, "name": name, "question_tokens": 30}))
    return folder


def truncated(path: Path, _: Path) -> None:
    os.truncate(path, path.stat().st_size - 1)


def flipped(path: Path, _: Path) -> None:
    """Change a bit that changes neither size nor time of modification."""
    before = path.stat()
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 4
    path.write_bytes(data)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def of_another_model(path: Path, other: Path) -> None:
    shutil.copy(other / path.name, path)


def gone(path: Path, _: Path) -> None:
    path.unlink()


@pytest.mark.slow
def test_each_kind_of_damage_to_the_real_model_is_named_and_the_shipped_one_still_works(
    opened: Callable[..., Library], docs: Path, tiny: Path, models: Path, tmp_path: Path, compiled_cache: Path
) -> None:
    folder = variant(models)
    opened("variant").ingest([str(docs)])
    assert best(opened()) == LEASE  # its compiled graph is kept, and yet damage to what it was made from is reported
    (docs / "new.txt").write_text("bread dough is kneaded")
    ask, take_in = lambda: best(opened()), lambda: opened().ingest([str(docs)])
    for name in (IR, WEIGHTS, TOKENIZER):
        for harm, use in ((truncated, ask), (flipped, ask), (of_another_model, take_in), (gone, take_in)):
            harm(folder / name, models / "tiny")
            with pytest.raises(Damaged, match=name):
                use()
            assert len(damaged_files(find_model("variant", models))) == 1
            found = opened().verify().findings
            assert len(found) == 1, found
            (finding,) = found
            assert (finding.part, finding.place) == ("model", str(folder))
            assert name in finding.what
            shutil.copy(DEFAULT_MODEL / name, folder / name)
    manifest = (folder / "model.json").read_text()
    (folder / "model.json").write_text(manifest[:300])
    with pytest.raises(Damaged, match=r"variant/model\.json"):
        best(opened())
    (folder / "model.json").write_text(manifest.replace(load_model().sha256[WEIGHTS], 64 * "0"))
    changed = fingerprints(load_model(folder))["w8a32"]
    with pytest.raises(ModelMismatch, match=f"made with variant .* here is variant {changed}"):
        best(opened())
    shipped = Library(tmp_path / "shipped", precision="w8a32", cache=compiled_cache)
    assert shipped.ingest([str(docs)]).embedded == 3
    assert best(shipped) == LEASE
    (folder / "model.json").write_text(manifest)
    assert best(opened()) == LEASE


# The commands.
