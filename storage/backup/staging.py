"""A folder beside the target, in which something is made whole before it gets its final name."""

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from wherein.errors import LibraryBusy, WhereinError
from wherein.storage.catalog.sqlite_errors import translating_errors
from wherein.storage.disk.lock import lock_file, try_lock

__all__ = ["clear", "file_faults", "staging", "written_path"]

_LOCK = "lock"
_FOR_FAULTS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})


@contextmanager
def staging(target: Path) -> Iterator[Path]:
    """Yield the folder `.NAME.part` beside `target`, held by this process alone and removed at the end.

    It lies on the target's file system, so that a rename is one step. A run that died may have left something in it:
    `clear` it before use. Raises LibraryBusy while another process makes the same target.
    """
    folder = target.with_name(f".{target.name}.part")
    folder.mkdir(mode=0o700, exist_ok=True)
    path = folder / _LOCK
    with lock_file(path) as descriptor:
        if not _acquire(descriptor, path):
            raise LibraryBusy(f"Another process is writing {target}; wait for it")
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _acquire(descriptor: int, path: Path) -> bool:
    try:
        if not try_lock(descriptor):
            return False
    except OSError as error:
        if error.errno not in (errno.ENOLCK, errno.ENOTSUP):
            raise
        # A network drive without locks is still good enough for a backup.
    # Since the lock file was opened, its last holder may have removed the folder and another process recreated it.
    return path.exists() and os.path.samestat(os.fstat(descriptor), path.stat())


def clear(folder: Path) -> None:
    """Remove what a run that died left in a staging folder."""
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        elif path.name != _LOCK:
            path.unlink()


@contextmanager
def file_faults(what: str) -> Iterator[None]:
    """Turn what SQLite, the disk and the file system report inside into one sentence that begins with `what`."""
    with translating_errors():
        try:
            yield
        except OSError as error:
            if error.errno in _FOR_FAULTS:
                raise
            place = f" ({written_path(error.filename)})" if error.filename else ""
            raise WhereinError(f"{what}: {error.strerror}{place}") from error


def written_path(path: str | os.PathLike[str]) -> str:
    """Return a path as Unicode that can be printed and stored, also when its bytes are none."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")
