"""Without pyarrow an export fails with the line that installs it."""

import re
import sys

import pytest

from wherein.errors import WhereinError
from wherein.installation import install_command
from wherein.storage.export.arrow import require_arrow


def test_the_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(WhereinError, match=f"install: {re.escape(install_command('cluster'))}"):
        require_arrow()
