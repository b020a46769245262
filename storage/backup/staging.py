"""The folder beside a target in which it is completed before it is renamed to its final name."""

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from wherein.errors import LibraryBusy, UsageError, WhereinError
from wherein.storage.catalog.sqlite_errors import translating_errors
from wherein.storage.disk.lock import lock_file, try_lock

__all__ = ["check_free_folder", "clear", "printable_path", "staging", "translating_file_errors"]

_LOCK = "lock"
# `translating_errors` has a sentence for these, whatever was being done.
_DISK_ERRNO = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})


@contextmanager
def staging(target: Path, *, resumable: bool = False) -> Iterator[Path]:
    """Yield the folder `.NAME.part` beside `target`, locked by this process and removed at the end.

    It is on the target's file system, so that a rename is atomic. A run that was killed may have left files in it:
    `clear` it before use. One that is `resumable` stays when the run fails. Raises LibraryBusy while another process
    writes the same target.
    """
    folder = target.with_name(f".{target.name}.part")
    folder.mkdir(mode=0o700, exist_ok=True)
    path = folder / _LOCK
    with lock_file(path) as descriptor:
        if not _acquire(descriptor, path):
            raise LibraryBusy(f"Another process is writing {target}; wait for it")
        try:
            yield folder
        except BaseException:
            if not resumable:
                shutil.rmtree(folder, ignore_errors=True)
            raise
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


def check_free_folder(target: Path) -> None:
    """Raise UsageError unless `target` can be a new folder, or is an empty one that can be replaced."""
    if not target.parent.is_dir():
        raise UsageError(f"There is no folder {target.parent}; create it, or mount the disk, first")
    if not os.path.lexists(target):
        return
    if not target.is_dir():
        raise UsageError(f"{target} exists; choose another name, or remove it first")
    if any(target.iterdir()):
        raise UsageError(f"The folder {target} is not empty; choose another one")
    if target.is_mount():
        raise UsageError(f"{target} is a mount point; choose a new folder in it, such as {target / 'wherein'}")


def clear(folder: Path) -> None:
    """Remove what a run that was killed left in a staging folder."""
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        elif path.name != _LOCK:
            path.unlink()


@contextmanager
def translating_file_errors(what: str) -> Iterator[None]:
    """Turn errors of SQLite and the disk into sentences, those of the file system into ones that begin with `what`."""
    with translating_errors():
        try:
            yield
        except OSError as error:
            if error.errno in _DISK_ERRNO:
                raise
            path = f" ({printable_path(error.filename)})" if error.filename else ""
            raise WhereinError(f"{what}: {error.strerror}{path}") from error


def printable_path(path: str | os.PathLike[str]) -> str:
    """Return a path as text that can be printed and stored, even if its bytes are not UTF-8."""
    return os.fsencode(path).decode("utf-8", "backslashreplace")
