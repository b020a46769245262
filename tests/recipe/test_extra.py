"""The packages of the extra `recipe`."""

import json

import pytest

from wherein.errors import WhereinError
from wherein.recipe.extra import require


def test_a_missing_extra_is_named_with_its_install_line():
    with pytest.raises(WhereinError, match=r"needs no_such_module; .*wherein\[recipe\]"):
        require("no_such_module")


def test_what_is_installed_is_returned():
    assert require("json") is json


def test_the_missing_package_is_named_and_not_the_one_that_needs_it(tmp_path, monkeypatch):
    (tmp_path / "needs_another.py").write_text("import another_that_is_missing")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(WhereinError, match=r"^The recipe needs another_that_is_missing; install the extra: pip"):
        require("needs_another")
