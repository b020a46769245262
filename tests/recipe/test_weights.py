"""The base weights are those with the expected hash."""

import pytest

from wherein.errors import Damaged, WhereinError
from wherein.recipe import weights


def test_other_weights_are_refused(tmp_path):
    path = tmp_path / "model.safetensors"
    with pytest.raises(WhereinError, match="is missing"):
        weights.verify(path)
    path.write_bytes(b"other")
    with pytest.raises(Damaged, match="expected 53aa51"):
        weights.verify(path)
