"""Where a model is put together: a folder that gets its name when it is whole, and is on the disk by then."""

import errno
import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from wherein.errors import LibraryBusy, WhereinError

__all__ = ["exclusive_lock", "publish", "require_free_space", "staging"]

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


@contextmanager
def exclusive_lock(models: Path, what: str) -> Iterator[None]:
    """Hold the lock `what` in the models' folder, so that no two processes put the same model together."""
    models.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(models / f".{what}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise LibraryBusy(f"Another process is installing a model in {models}; wait for it") from error
        yield
    finally:
        os.close(descriptor)


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


def publish(folder: Path, target: Path) -> Path | None:
    """Give a finished folder its name. What has the name already is put aside; return where."""
    for path in (*sorted(folder.iterdir()), folder):
        _flush(path)
    aside = None
    if target.exists():
        aside = _free(target.with_name(f".{target.name}.damaged"))
        target.rename(aside)
    folder.rename(target)
    _flush(target.parent)
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


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        # As in storage/disk/fsync.py: some network file systems cannot flush a folder.
        if error.errno not in (errno.EINVAL, errno.ENOTSUP) or not path.is_dir():
            raise
    finally:
        os.close(descriptor)
