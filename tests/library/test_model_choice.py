"""`ModelChoice`: which model a library is used with."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from lots import other_encoder
from toy import ToyEncoder
from wherein.embed.encoder import Encoder
from wherein.embed.model import DEFAULT_MODEL, load_model
from wherein.embed.models.installed import MODELS_VARIABLE
from wherein.errors import ModelMismatch, UsageError
from wherein.ingest.title_vectors import encode_titled
from wherein.library.ingesting import RunFactory
from wherein.library.models import (
    LibraryModel,
    ModelChoice,
    cuts_differently,
    describe,
    folder_to_keep,
    library_model,
    proof_of,
)
from wherein.library.opening import open_for_writing
from wherein.storage.catalog.connection import writing
from wherein.storage.catalog.models import bind_model
from wherein.storage.catalog.titled_texts import TitledText
from wherein.storage.catalog.vectors import ROUNDING


def test_a_model_that_is_not_installed_is_none(runs: RunFactory) -> None:
    with open_for_writing(runs.folder, wait=False) as db:
        library = library_model(db)
    assert library is not None
    missing = ModelChoice(encoder=other_encoder())  # type: ignore[arg-type]
    assert missing.installed_encoder(library) is None
    assert runs.models.installed_encoder(library) is runs.models.encoder
    with pytest.raises(ModelMismatch):
        missing.encoder_of(library)
    with pytest.raises(ModelMismatch, match="--precision w8a8"):
        ModelChoice(precision="w8a8").encoder_of(library)


def library_of(runs: RunFactory) -> LibraryModel:
    with open_for_writing(runs.folder, wait=False) as db:
        library = library_model(db)
    assert library is not None
    return library


def test_encoders_are_kept(tmp_path: Path) -> None:
    choice = ModelChoice(precision="w8a32")
    library = RunFactory(tmp_path / "library", choice, jobs=1)
    with open_for_writing(library.folder, wait=False) as db:
        first, _ = choice.bind(db)
    assert choice.encoder_of(library_of(library)) is first
    assert ModelChoice(precision="w8a32").encoder_of(library_of(library)) is not first
    alone = choice.encoder_of(library_of(library), one_by_one=True)
    assert alone is not first
    assert choice.encoder_of(library_of(library), one_by_one=True) is alone
    assert choice.encoder_to_change_to("default", None).precision == "w8a32"


def test_another_precision_than_the_librarys_is_refused_with_the_way_to_change_it(runs: RunFactory) -> None:
    with pytest.raises(ModelMismatch) as caught:
        ModelChoice(precision="w8a8").encoder_of(library_of(runs))
    assert str(caught.value) == (
        "This library was made at precision w8a32 and cannot be used at w8a8; leave --precision out, or re-embed the"
        " library with: wherein --precision w8a8 reindex --model toy"
    )


def test_another_model_than_the_librarys_is_refused_with_both_fingerprints(runs: RunFactory) -> None:
    with pytest.raises(ModelMismatch) as caught:
        ModelChoice(encoder=other_encoder()).encoder_of(library_of(runs))  # type: ignore[arg-type]
    assert str(caught.value) == (
        f"This library was made with toy {ToyEncoder().fingerprint}, but the model here is other"
        f" {other_encoder().fingerprint}; install that model again, or switch models with: wherein reindex --model"
        " other"
    )
    with pytest.raises(ModelMismatch, match="leave --model out, or switch models"):
        ModelChoice("other", encoder=other_encoder()).encoder_of(library_of(runs))  # type: ignore[arg-type]


def test_a_stored_model_that_is_gone_is_named(runs: RunFactory) -> None:
    with pytest.raises(ModelMismatch) as caught:
        ModelChoice(encoder=other_encoder()).stored_encoder(library_of(runs))  # type: ignore[arg-type]
    assert str(caught.value) == (
        f"The model toy {ToyEncoder().fingerprint} is no longer installed; install it, or keep using the current one"
    )


def test_a_new_library_is_bound_once_and_stays_with_its_model(tmp_path: Path) -> None:
    with open_for_writing(tmp_path, wait=False) as db:
        assert library_model(db) is None
        encoder, stored = ModelChoice(encoder=ToyEncoder()).bind(db)  # type: ignore[arg-type]
        assert (stored.fingerprint, stored.name, stored.dimension) == (encoder.fingerprint, "toy", 16)
        assert ModelChoice(encoder=ToyEncoder()).bind(db)[1] == stored  # type: ignore[arg-type]
        with pytest.raises(ModelMismatch):
            ModelChoice(encoder=other_encoder()).bind(db)  # type: ignore[arg-type]
        assert library_model(db) == LibraryModel(stored, None)


def test_a_given_encoder_is_the_model_to_change_to_when_it_has_that_name(runs: RunFactory) -> None:
    encoder = other_encoder()
    choice = ModelChoice(encoder=encoder)  # type: ignore[arg-type]
    assert choice.encoder_to_change_to("other", library_of(runs)) is encoder
    with pytest.raises(UsageError, match="There is no model third"):
        choice.encoder_to_change_to("third", library_of(runs))


def test_the_shipped_model_is_that_of_a_new_library_and_stands_in_for_a_missing_one(
    runs: RunFactory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(MODELS_VARIABLE, str(tmp_path / "models"))
    assert ModelChoice().model_for(None).folder == DEFAULT_MODEL
    assert ModelChoice().model_for(library_of(runs)).folder == DEFAULT_MODEL
    with pytest.raises(UsageError, match="There is no model third"):
        ModelChoice("third").model_for(None)


def test_a_model_that_cannot_be_loaded_is_named_by_its_folder(
    runs: RunFactory, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(MODELS_VARIABLE, str(tmp_path / "models"))
    library = library_of(runs)
    assert ModelChoice().folder_of(None) == ModelChoice().folder_of(library) == DEFAULT_MODEL
    assert ModelChoice().folder_of(LibraryModel(library.stored, tmp_path)) == tmp_path
    assert ModelChoice(encoder=ToyEncoder()).folder_of(library) == Path("toy")  # type: ignore[arg-type]
    for name in ("toy", "chosen"):
        (tmp_path / "models" / name).mkdir(parents=True)
        (tmp_path / "models" / name / "model.json").touch()
    assert ModelChoice().folder_of(library) == tmp_path / "models" / "toy"
    assert ModelChoice("chosen").folder_of(library) == tmp_path / "models" / "chosen"


def test_models_that_differ_in_tokenizer_or_length_cut_texts_differently(tmp_path: Path) -> None:
    shipped = Encoder(load_model(), "w8a32")
    with open_for_writing(tmp_path, wait=False) as db, writing(db, "test"):
        library = LibraryModel(bind_model(db, **describe(shipped)), None)
    assert not cuts_differently(library, shipped)
    assert not cuts_differently(library, Encoder(load_model(), "w8a8"))
    shorter = replace(load_model(), context_tokens=128)
    assert cuts_differently(library, Encoder(shorter, "w8a32"))
    assert cuts_differently(library, ToyEncoder())  # type: ignore[arg-type]


def test_the_shipped_models_folder_is_stored_as_an_empty_text() -> None:
    assert folder_to_keep(Encoder(load_model(), "w8a32")) == ""
    assert folder_to_keep(ToyEncoder()) == str(Path("toy").absolute())  # type: ignore[arg-type]


def test_the_proof_is_the_distance_of_stored_vectors_from_computed_ones() -> None:
    encoder, inputs = ToyEncoder(), [TitledText("one lot"), TitledText("another lot", "The mill")]
    proof = proof_of(encoder)  # type: ignore[arg-type]
    stored = encode_titled(encoder, inputs)  # type: ignore[arg-type]
    assert proof.tolerance == 1e-4 + ROUNDING
    np.testing.assert_allclose(proof.distances(inputs, stored), [0, 0], atol=1e-6)
    assert (proof.distances(inputs, np.roll(stored, 1, axis=1)) > proof.tolerance).all()
