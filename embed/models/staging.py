"""Assemble a model in a staging folder, which gets the model's name once it is complete and flushed to disk."""

import errno
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from wherein.errors import LibraryBusy, WhereinError
from wherein.storage.disk.fsync import fsync, fsync_tree
from wherein.storage.disk.lock import lock_file, try_lock

__all__ = ["exclusive_lock", "publish", "require_free_space", "staging"]

_NO_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


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
    """Yield an empty folder for a model's files; it is removed afterwards, or by the next run if this process dies."""
    # A fixed name, so that the next run finds and removes what a killed one left.
    folder = models / f".{name}.new"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def publish(folder: Path, target: Path) -> Path | None:
    """Rename a complete folder to `target`; an existing, damaged one is renamed first, and its new path returned."""
    fsync_tree(folder)  # first: after a power failure the name must not lead to empty files
    damaged_copy = None
    if target.exists():
        damaged_copy = _numbered(target.with_name(f".{target.name}.damaged"))
        target.rename(damaged_copy)
    folder.rename(target)
    fsync(target.parent)  # the rename itself lasts only once its folder is flushed
    return damaged_copy


@contextmanager
def require_free_space(folder: Path, needed: int) -> Iterator[None]:
    """Raise an OSError as a WhereinError with a sentence for the user; `needed` is in bytes."""
    try:
        yield
    except OSError as error:
        if error.errno in _NO_SPACE:
            raise WhereinError(
                f"There is not enough free space for the model in {folder}: it needs {needed / 1e6:,.0f} MB; free some"
                " space and run the same command again"
            ) from error
        raise WhereinError(f"{error.filename or folder} cannot be read or written: {error.strerror}") from error


def _numbered(path: Path) -> Path:
    """Return the path with the first number that is not in use."""
    number = 1
    while (numbered := path.with_name(f"{path.name}-{number}")).exists():
        number += 1
    return numbered
