"""Waiting for what another thread or process does: nothing is measured, but a test that hangs ends."""

import time
from collections.abc import Callable

__all__ = ["until"]

_PATIENCE_SECONDS = 600.0
_STEP_SECONDS = 0.05


def until(condition: Callable[[], object]) -> None:
    """Return when the condition holds."""
    end = time.monotonic() + _PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < end, "it never came to that"
        time.sleep(_STEP_SECONDS)
