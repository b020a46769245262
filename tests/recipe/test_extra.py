"""The packages of the extra `recipe`."""

import pytest

from wherein.errors import WhereinError
from wherein.recipe.extra import require


def test_a_missing_extra_is_named_with_its_install_line():
    with pytest.raises(WhereinError, match=r"needs no_such_module; .*wherein\[recipe\]"):
        require("no_such_module")
