"""Commands whose permissions count: root may write everywhere, unless it gives up the capabilities for that."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["UNPRIVILEGED", "read_only"]

_GIVEN_UP = "-dac_override,-dac_read_search"
UNPRIVILEGED = ["setpriv", f"--bounding-set={_GIVEN_UP}", f"--inh-caps={_GIVEN_UP}"] if os.geteuid() == 0 else []
"""What precedes the command line of a process that is to have no more rights than the owner of its files."""


@contextmanager
def read_only(folder: Path) -> Iterator[Path]:
    """Take all permissions to write from a folder and everything in it."""
    paths = [folder, *folder.rglob("*")]
    for path in paths:
        path.chmod(stat.S_IMODE(path.stat().st_mode) & ~0o222)
    try:
        yield folder
    finally:
        for path in paths:
            path.chmod(stat.S_IMODE(path.stat().st_mode) | stat.S_IWUSR)
