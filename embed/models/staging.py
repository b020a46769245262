"""Where a model is put together: a folder that gets its name when it is whole, and is on the disk by then."""

import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from wherein.errors import LibraryBusy, WhereinError
from wherein.storage.disk.fsync import fsync, fsync_tree
from wherein.storage.disk.lock import lock_file, try_lock

__all__ = ["exclusive_lock", "put", "require_free_space", "staging"]

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@contextmanager
def exclusive_lock(models: Path, what: str) -> Iterator[None]:
    """Hold the lock `what` in the models' folder, so that no two processes put the same model together."""
    models.mkdir(mode=0o700, parents=True, exist_ok=True)
    with lock_file(models / f".{what}.lock") as descriptor:
        if not try_lock(descriptor):
            raise LibraryBusy(f"Another process is installing a model in {models}; wait for it")
        yield


@contextmanager
def staging(models: Path, name: str) -> Iterator[Path]:
    """Give an empty folder for a model's files; it is removed afterwards, also when a process had died in it."""
    folder = models / f".{name}.new"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def put(folder: Path, target: Path) -> Path | None:
    """Give a finished folder its name. What has the name already is put aside; return where."""
    fsync_tree(folder)
    aside = None
    if target.exists():
        aside = _free(target.with_name(f".{target.name}.damaged"))
        target.rename(aside)
    folder.rename(target)
    fsync(target.parent)
    return aside


@contextmanager
def require_free_space(folder: Path, needed: int) -> Iterator[None]:
    """Turn an error of the file system into a sentence; `needed` in bytes."""
    try:
        yield
    except OSError as error:
        if error.errno in _NO_ROOM:
            raise WhereinError(
                f"There is no room left for the model in {folder}: it takes {needed / 1e6:,.0f} MB; make room and run"
                " the same command again"
            ) from error
        raise WhereinError(f"{error.filename or folder} cannot be read or written: {error.strerror}") from error


def _free(path: Path) -> Path:
    number = 1
    while (free := path.with_name(f"{path.name}-{number}")).exists():
        number += 1
    return free
