"""A backup: one committed state of the library, made whole beside its place, read back, then renamed to it.

The catalog is copied by `VACUUM INTO` (https://sqlite.org/lang_vacuum.html#vacuuminto) rather than by the online
backup API (https://sqlite.org/backup.html). Both read one snapshot and hold up no writer; but the API copies pages as
they are, and with them, on free pages, text that was removed or purged, while VACUUM INTO writes rows only, to the
smallest file. It does not flush that file and may leave half of it when it is interrupted: hence the staging folder.
It builds indexes anew, so that damage to the original's would not be seen in the copy: `integrity_check` reads the
original. Rows are copied byte by byte: their checksums are verified in the copy, which is the one snapshot.
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
from wherein.storage.backup.archive import SUFFIX, pack, read_package, size_of
from wherein.storage.backup.manifest import MANIFEST, Manifest, encode_manifest, file_entry
from wherein.storage.backup.restore import unpack_library
from wherein.storage.backup.staging import clear, file_faults, staging, written_path
from wherein.storage.catalog.backup_log import remember_backup
from wherein.storage.catalog.connection import CATALOG, open_reader, snapshot
from wherein.storage.catalog.models import bound_model, now
from wherein.storage.catalog.schema import schema_of
from wherein.storage.catalog.sqlite_errors import translating_errors
from wherein.storage.disk.failpoints import failpoint
from wherein.storage.disk.fsync import fsync, fsync_tree
from wherein.storage.index.generations import KINDS, SUFFIXES, VECTORS, active_generation, generation_path
from wherein.storage.repair.content import Content, check_content, check_integrity

__all__ = ["Backup", "write_backup"]

_OTHER_ARCHIVES = frozenset({".zst", ".tar", ".gz", ".tgz", ".xz", ".bz2", ".zip", ".7z", ".db"})
# Virtual machine instructions of SQLite between two looks at whether the user wants to stop.
_INTERRUPT_STEPS = 20_000


@dataclass(frozen=True)
class Backup:
    """A backup that was written: counts of rows, size in bytes, time taken in seconds.

    `index` tells whether the FAISS file is in it, `verified` whether it was restored on trial, `noted` whether the
    library remembers it, `finished` whether an earlier run wrote it and died before it could say so. `warnings` are
    sentences for the user.
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
    """Write what `source`, a reader of the library at `library`, sees to `target`, a new folder or `….tar.zst` file.

    `report` is told what is going on. With `verify` the backup is restored on trial and compared with what was copied.
    Raises UsageError when `target` is taken or makes no sense, Damaged when the library or what was written is;
    nothing is left under the final name then.
    """
    began = time.monotonic()
    target = Path(os.path.realpath(target))
    _must_make_sense(target, Path(os.path.realpath(library)))
    with file_faults(f"The backup {written_path(target)} cannot be written"), staging(target) as stage:
        manifest = _finished(stage, target)
        finished = manifest is not None
        if manifest is None:
            _must_be_free(target)
            clear(stage)
            manifest = _write(source, library, target, stage, version, verify, report)
        reason = _note(library, target, manifest)
    index = any(name.endswith(SUFFIXES[VECTORS]) for name in manifest.files)
    warnings = [reason] if reason else []
    if not index and manifest.vectors:
        warnings.append("The index is missing or damaged and was left out; restore makes a new one")
    return Backup(
        written_path(target), manifest.created_at, manifest.documents, manifest.chunks, manifest.vectors, index,
        size_of(target), verify and not finished, not reason, finished, tuple(warnings),
        round(time.monotonic() - began, 3),
    )  # fmt: skip


def _write(
    source: sqlite3.Connection,
    library: Path,
    target: Path,
    stage: Path,
    version: str,
    verify: bool,
    report: Callable[[str], None],
) -> Manifest:
    folder = stage / "content"
    manifest, content = _collect(source, library, folder, version, report)
    failpoint("backup.copied")
    ready = folder
    if target.name.endswith(SUFFIX):
        report("compressing")
        ready = stage / "packed"
        pack(folder, manifest, ready)
    failpoint("backup.written")
    report("reading it back")
    if ready.is_dir():
        fsync_tree(ready)
    else:
        fsync(ready)
    failpoint("backup.flushed")
    try:
        read_package(ready)
        if verify:
            report("restoring it on trial")
            _compare(ready, stage / "trial", content)
    except Damaged as error:
        raise Damaged(f"What was written to {target} is not what was backed up: {error}; look at the disk") from error
    # What `_finished` goes by when this process dies after the rename.
    (stage / MANIFEST).write_bytes(encode_manifest(manifest))
    ready.rename(target)
    failpoint("backup.renamed")
    fsync(target.parent)
    return manifest


def _collect(
    source: sqlite3.Connection, library: Path, folder: Path, version: str, report: Callable[[str], None]
) -> tuple[Manifest, Content]:
    """Copy one committed state to `folder`, check it, and describe it in a manifest there."""
    folder.mkdir(mode=0o700)
    created_at = now()
    try:
        report("checking the catalog")
        with snapshot(source), _interruptible(source):
            check_integrity(source)
        report("copying")
        with translating_errors(), _interruptible(source):
            # As a URI, because a path need not be Unicode, and SQLite's text must be.
            source.execute("VACUUM INTO ?", [(folder / CATALOG).as_uri()])
        (folder / CATALOG).chmod(0o600)
        report("checking the copy")
        with closing(open_reader(folder)) as copy, snapshot(copy):
            content, schema = check_content(copy), schema_of(copy)
            model = bound_model(copy)
            generations = [one for kind in KINDS if (one := active_generation(copy, kind))]
    except Damaged as error:
        raise Damaged(f"{error}. No backup was written") from error
    names = [CATALOG]
    for generation in generations:
        name = generation_path(Path(), generation.file)
        names += [name.as_posix()] if _take_index(library / name, folder / name, generation.sha256) else []
    manifest = Manifest(
        schema, version, created_at, model.fingerprint if model else None, content.documents, content.chunks,
        content.vectors, {name: file_entry(folder / name) for name in names},
    )  # fmt: skip
    (folder / MANIFEST).write_bytes(encode_manifest(manifest))
    (folder / MANIFEST).chmod(0o600)
    return manifest, content


def _take_index(source: Path, target: Path, sha256: str) -> bool:
    """Copy an index file if it is what was registered; it is derived, and left out when it is not."""
    try:
        if file_entry(source).sha256 != sha256:
            return False
    except OSError:
        return False
    target.parent.mkdir(mode=0o700, exist_ok=True)
    try:
        shutil.copyfile(source, target)
    except FileNotFoundError:  # the writer has replaced it meanwhile
        target.unlink(missing_ok=True)
        with suppress(OSError):  # another index is in it
            target.parent.rmdir()
        return False
    target.chmod(0o600)
    return True


def _compare(package: Path, trial: Path, content: Content) -> None:
    unpack_library(package, trial)
    with closing(open_reader(trial)) as db, snapshot(db):
        check_integrity(db)
        if check_content(db) != content:
            raise Damaged("restored, it holds something else")
    shutil.rmtree(trial)


def _note(library: Path, target: Path, manifest: Manifest) -> str:
    """Let the library remember the backup; return why it could not."""
    try:
        remember_backup(library, written_path(target), manifest.created_at)
    except (WhereinError, sqlite3.Error, OSError) as error:
        return f"The library could not note this backup, so that a purge will not name it: {error}"
    return ""


def _finished(stage: Path, target: Path) -> Manifest | None:
    """Return the manifest of a backup at `target` whose writer died after the rename, None when there is none."""
    try:
        left = (stage / MANIFEST).read_bytes()
        manifest = read_package(target)
    except (OSError, WhereinError):
        return None
    return manifest if encode_manifest(manifest) == left else None


def _must_make_sense(target: Path, library: Path) -> None:
    if target.is_relative_to(library):
        raise UsageError(f"{target} lies in the library itself, and would be lost with it; choose another place")
    if not target.parent.is_dir():
        raise UsageError(f"There is no folder {target.parent}; make it, or mount the disk, first")
    if target.suffix.lower() in _OTHER_ARCHIVES and not target.name.endswith(SUFFIX):
        raise UsageError(f"A backup is a folder, or a file whose name ends in {SUFFIX}; {target.name} is neither")


def _must_be_free(target: Path) -> None:
    if not os.path.lexists(target):
        return
    if target.name.endswith(SUFFIX) or not target.is_dir():
        raise UsageError(f"{target} exists; choose another name, or remove it first")
    if any(target.iterdir()):
        raise UsageError(f"The folder {target} is not empty; choose another one")
    if target.is_mount():
        raise UsageError(f"{target} is a mount point; choose a new folder in it, such as {target / 'wherein'}")


@contextmanager
def _interruptible(db: sqlite3.Connection) -> Iterator[None]:
    """Let a signal stop a long statement: Python looks at signals only in Python code, such as this handler."""
    db.set_progress_handler(lambda: 0, _INTERRUPT_STEPS)
    try:
        yield
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_INTERRUPT:
            raise KeyboardInterrupt from None
        raise
    finally:
        db.set_progress_handler(None, 0)
