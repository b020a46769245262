"""A backup: one committed state of the library, completed beside its target, read back, then renamed to it.

The catalog is copied by `VACUUM INTO` (https://sqlite.org/lang_vacuum.html#vacuuminto) rather than by the online
backup API (https://sqlite.org/backup.html). Both read one snapshot and block no writer; but the API copies pages as
they are, and on free pages text that was removed or purged, while VACUUM INTO writes only rows, to the smallest file.
It does not flush that file and may leave half of it when it is interrupted: hence the staging folder. It rebuilds
SQLite's indexes, so damage to those of the original would not show in the copy: `integrity_check` reads the original.
Rows are copied byte by byte, so their checksums are verified in the copy, which holds the one snapshot.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from wherein.errors import Damaged, UsageError, WhereinError
from wherein.storage.backup.archive import pack, read_package, size_of
from wherein.storage.backup.manifest import MANIFEST, Manifest, encode_manifest
from wherein.storage.backup.restore import unpack_library
from wherein.storage.backup.staging import check_free_folder, clear, printable_path, staging, translating_file_errors
from wherein.storage.backup.suffix import SUFFIX
from wherein.storage.catalog.backup_log import remember_backup
from wherein.storage.catalog.connection import CATALOG, open_reader, snapshot
from wherein.storage.catalog.models import bound_model, now
from wherein.storage.catalog.schema import schema_of
from wherein.storage.catalog.sqlite_errors import translating_errors
from wherein.storage.catalog.unlocked import unchanged
from wherein.storage.disk.failpoints import failpoint
from wherein.storage.disk.file_entry import file_entry
from wherein.storage.disk.fsync import fsync, fsync_tree
from wherein.storage.disk.rename import rename_folder
from wherein.storage.index.generations import KINDS, SUFFIXES, VECTORS, active_generation, generation_path
from wherein.storage.repair.content_digest import Content, check_content, check_integrity

__all__ = ["Backup", "write_backup"]

_OTHER_ARCHIVES = frozenset({".zst", ".tar", ".gz", ".tgz", ".xz", ".bz2", ".zip", ".7z", ".db"})
# SQLite's virtual machine instructions between two calls of the progress handler.
_INTERRUPT_STEPS = 20_000


@dataclass(frozen=True)
class Backup:
    """A backup that was written: numbers of rows, size in bytes, time in seconds.

    `index`: the FAISS file is in it. `verified`: it was restored as a trial. `noted`: the library has a record of it.
    `finished`: an earlier run wrote it and was killed before it could report that. `warnings` are sentences for the
    user.
    """

    place: str
    created_at: str
    documents: int
    chunks: int
    vectors: int
    index: bool
    bytes: int
    verified: bool
    noted: bool
    finished: bool
    warnings: tuple[str, ...]
    seconds: float


def write_backup(
    source: sqlite3.Connection,
    library: Path,
    target: Path,
    version: str,
    *,
    verify: bool = False,
    report: Callable[[str], None] = lambda _: None,
) -> Backup:
    """Back up what `source`, a reader of the library at `library`, sees, to a new folder or `.tar.zst` file `target`.

    `report` is called with a phrase for each phase. With `verify` the backup is restored as a trial and compared with
    what was copied. Raises UsageError when `target` exists or is unsuitable, Damaged when the library or the written
    file is damaged; nothing has the final name then.
    """
    began = time.monotonic()
    target = Path(os.path.realpath(target))
    task = _Task(source, library, target, version, verify, report)
    _check_target(target, Path(os.path.realpath(library)))
    with translating_file_errors(f"The backup {printable_path(target)} cannot be written"), staging(target) as stage:
        manifest = _finished_earlier(stage, target)
        finished = manifest is not None
        if manifest is None:
            _check_free(target)
            clear(stage)
            manifest = _write(task, stage)
        reason = _note(task, manifest)
    index = any(name.endswith(SUFFIXES[VECTORS]) for name in manifest.files)
    warnings = [reason] if reason else []
    if not index and manifest.vectors:
        warnings.append("The index is missing or damaged and was left out; a restore will rebuild it")
    return Backup(
        printable_path(target), manifest.created_at, manifest.documents, manifest.chunks, manifest.vectors, index,
        size_of(target), verify and not finished, not reason, finished, tuple(warnings),
        round(time.monotonic() - began, 3),
    )  # fmt: skip


@dataclass(frozen=True)
class _Task:
    """What is to be backed up, to which target, and how."""

    source: sqlite3.Connection
    library: Path
    target: Path
    version: str
    verify: bool
    report: Callable[[str], None]


def _write(task: _Task, stage: Path) -> Manifest:
    """Write, read back and rename a backup; `stage` is its staging folder."""
    folder = stage / "content"
    manifest, content = _collect(task, folder)
    failpoint("backup.copied")
    ready = folder
    if task.target.name.endswith(SUFFIX):
        task.report("compressing")
        ready = stage / "packed"
        pack(folder, manifest, ready)
    failpoint("backup.written")
    task.report("reading it back")
    # Flushed before it is read back: only clean pages can be dropped from the page cache (archive.py).
    if ready.is_dir():
        fsync_tree(ready)
    else:
        fsync(ready)
    failpoint("backup.flushed")
    try:
        read_package(ready)
        if task.verify:
            task.report("restoring it as a trial")
            _compare(ready, stage / "trial", content)
    except Damaged as error:
        raise Damaged(
            f"What was written to {task.target} is not what was backed up: {error}; check the disk"
        ) from error
    # `_finished_earlier` recognizes the backup by it if this process is killed after the rename.
    (stage / MANIFEST).write_bytes(encode_manifest(manifest))
    rename_folder(ready, task.target)
    failpoint("backup.renamed")
    fsync(task.target.parent)
    return manifest


def _collect(task: _Task, folder: Path) -> tuple[Manifest, Content]:
    """Copy one committed state to `folder`, check it, and describe it in a manifest there."""
    folder.mkdir(mode=0o700)
    # Before the copy's snapshot: a purge between the two names this backup, although it need not.
    created_at, source = now(), task.source
    try:
        task.report("checking the catalog")
        with snapshot(source), _interruptible(source):
            check_integrity(source)
        task.report("copying")
        with unchanged(source), translating_errors(), _interruptible(source):
            # As a URI, because a path may be invalid Unicode, which SQLite's text must not be.
            source.execute("VACUUM INTO ?", [(folder / CATALOG).as_uri()])
        (folder / CATALOG).chmod(0o600)  # VACUUM INTO creates it with the process's umask
        task.report("checking the copy")
        with closing(open_reader(folder)) as copy, snapshot(copy):
            content, schema = check_content(copy), schema_of(copy)
            model = bound_model(copy)
            generations = [one for kind in KINDS if (one := active_generation(copy, kind))]
    except Damaged as error:
        raise Damaged(f"{error}. No backup was written") from error
    names = [CATALOG]
    for generation in generations:
        name = generation_path(Path(), generation.file)
        if _copy_index(task.library / name, folder / name, generation.sha256):
            names.append(name.as_posix())
    manifest = Manifest(
        schema, task.version, created_at, model.fingerprint if model else None, content.documents, content.chunks,
        content.vectors, {name: file_entry(folder / name) for name in names},
    )  # fmt: skip
    (folder / MANIFEST).write_bytes(encode_manifest(manifest))
    (folder / MANIFEST).chmod(0o600)
    return manifest, content


def _copy_index(source: Path, target: Path, sha256: str) -> bool:
    """Copy an index file unless it is damaged, since it can be rebuilt; return whether it was copied."""
    try:
        if file_entry(source).sha256 != sha256:
            return False
    except OSError:
        return False
    target.parent.mkdir(mode=0o700, exist_ok=True)
    try:
        shutil.copyfile(source, target)
    except FileNotFoundError:  # the writer has replaced it in the meantime
        target.unlink(missing_ok=True)
        with suppress(OSError):  # the folder holds another index
            target.parent.rmdir()
        return False
    target.chmod(0o600)
    return True


def _compare(package: Path, trial: Path, content: Content) -> None:
    unpack_library(package, trial)
    with closing(open_reader(trial)) as db, snapshot(db):
        check_integrity(db)
        if check_content(db) != content:
            raise Damaged("it holds something else when it is restored")
    shutil.rmtree(trial)


def _note(task: _Task, manifest: Manifest) -> str:
    """Record the backup in the library; return a warning if that was impossible, else ""."""
    try:
        remember_backup(task.library, printable_path(task.target), manifest.created_at)
    except (WhereinError, sqlite3.Error, OSError) as error:
        return f"The library could not note this backup, so a purge will not mention it: {error}"
    return ""


def _finished_earlier(stage: Path, target: Path) -> Manifest | None:
    """Return the manifest of a backup at `target` whose writer was killed after the rename, None if there is none."""
    try:
        written = (stage / MANIFEST).read_bytes()
        manifest = read_package(target)
    except (OSError, WhereinError):
        return None
    return manifest if encode_manifest(manifest) == written else None


def _check_target(target: Path, library: Path) -> None:
    if target.is_relative_to(library):
        raise UsageError(f"{target} is in the library itself and would be lost with it; choose another path")
    if not target.parent.is_dir():
        raise UsageError(f"There is no folder {target.parent}; create it, or mount the disk, first")
    if target.suffix.lower() in _OTHER_ARCHIVES and not target.name.endswith(SUFFIX):
        raise UsageError(f"A backup is a folder, or a file whose name ends in {SUFFIX}; {target.name} is neither")


def _check_free(target: Path) -> None:
    if target.name.endswith(SUFFIX) and os.path.lexists(target):
        raise UsageError(f"{target} exists; choose another name, or remove it first")
    check_free_folder(target)


@contextmanager
def _interruptible(db: sqlite3.Connection) -> Iterator[None]:
    """Let a signal stop a long statement: Python handles signals only in Python code, such as this handler."""
    db.set_progress_handler(lambda: 0, _INTERRUPT_STEPS)
    try:
        yield
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_INTERRUPT:
            # Python raised it inside the progress handler, and SQLite reports only that it was interrupted.
            raise KeyboardInterrupt from None
        raise
    finally:
        db.set_progress_handler(None, 0)
