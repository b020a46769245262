"""A program on a pseudo-terminal of 24 rows, as a person sees it and types at it."""

import fcntl
import os
import pty
import select
import struct
import subprocess
import termios
import time
from collections.abc import Callable
from contextlib import suppress

import pytest

__all__ = ["LESS", "Screen", "Start"]

LESS = pytest.mark.skipif(not any(map(os.path.exists, ("/usr/bin/less", "/bin/less"))), reason="less is not installed")


class Screen:
    """A process on a pseudo-terminal of 80 columns and 24 rows."""

    def __init__(self, *command: str, columns: int = 80, stdin: int | None = None, **environment: str) -> None:
        self._outer, inner = pty.openpty()
        fcntl.ioctl(inner, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
        unset = {"LESS", "PAGER", "NO_COLOR", "COLUMNS", "LINES", "LESSOPEN"}
        kept = {name: value for name, value in os.environ.items() if name not in unset}
        self.process = subprocess.Popen(
            command, stdin=inner if stdin is None else stdin, stdout=inner, stderr=inner, start_new_session=True,
            env={**kept, "TERM": "xterm-256color", **environment},
            preexec_fn=lambda: fcntl.ioctl(inner, termios.TIOCSCTTY, 0),
        )  # fmt: skip
        os.close(inner)

    def read(self, until: str = "", patience: float = 60) -> str:
        """Return what is shown up to `until`, else to the end, in `patience` seconds."""
        shown, deadline = b"", time.monotonic() + patience
        while not (until and until in shown.decode(errors="replace")):
            assert select.select([self._outer], [], [], max(0, deadline - time.monotonic()))[0], shown
            try:
                part = os.read(self._outer, 65_536)
            except OSError:  # Linux: the other end was closed
                break
            if not part:
                break
            shown += part
        return shown.decode(errors="replace").replace("\r\n", "\n")

    def type(self, keys: str) -> None:
        os.write(self._outer, keys.encode())

    def press(self, keys: str, until: str) -> None:
        """Type until that shows `until`; an interrupt drops what was typed before."""
        for _ in range(60):
            self.type(keys)
            with suppress(AssertionError):
                self.read(until, patience=1)
                return
        raise AssertionError(f"{until} does not appear")

    def close(self) -> int:
        """End the process if it has not ended, and return its exit code."""
        os.close(self._outer)
        self.process.kill()
        return self.process.wait()


Start = Callable[..., Screen]
