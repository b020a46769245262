"""`ModelChoice`: which model a library is used with."""

import pytest

from lots import other_encoder
from wherein.errors import ModelMismatch
from wherein.library.ingesting import RunFactory
from wherein.library.models import ModelChoice, library_model
from wherein.library.opening import open_for_writing


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
