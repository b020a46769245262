"""How a process dies at a failpoint."""

import pytest

__all__ = ["WAYS"]

WAYS = ["exit", pytest.param("kill", marks=pytest.mark.slow)]
