"""The two formats of a backup: a folder, or one `.tar.zst` file. The manifest comes first in both."""

from __future__ import annotations

import hashlib
import os
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import IO, Any

from wherein.errors import Damaged, UsageError
from wherein.storage.backup.manifest import MANIFEST, Manifest, decode_manifest
from wherein.storage.backup.staging import printable_path
from wherein.storage.backup.suffix import SUFFIX
from wherein.storage.catalog.connection import CATALOG
from wherein.storage.disk.file_entry import FileEntry

__all__ = ["pack", "read_package", "size_of"]

_MAGIC = b"\x28\xb5\x2f\xfd"
_BLOCK = 1 << 20
_MANIFEST_BYTES = 1 << 20
# Headers, padding and the end of a tar file: some KiB a file.
_OVERHEAD = 4 << 20

_Files = Iterator[tuple[str, IO[bytes]]]


def pack(folder: Path, manifest: Manifest, target: Path) -> None:
    """Write the manifest and the files that it names from `folder` to one compressed file, unflushed.

    Measured on one core: level 3 compresses texts to 0.31 of their size at 80 MB/s, level 9 to 0.29 at 17 MB/s;
    vectors to 0.92 at any level.
    """
    import zstandard

    compressor = zstandard.ZstdCompressor(level=3, write_checksum=True)
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with (
        open(descriptor, "wb") as raw,  # noqa: PTH123 - private from the start
        compressor.stream_writer(raw, closefd=False) as packed,
        tarfile.open(fileobj=packed, mode="w|", bufsize=_BLOCK) as tar,
    ):
        # Sorted, so that the catalog precedes the index: it can be restored without reading further.
        for name in (MANIFEST, *sorted(manifest.files)):
            with (folder / name).open("rb") as file:
                member = tarfile.TarInfo(name)
                status = os.fstat(file.fileno())
                member.size, member.mtime, member.mode = status.st_size, int(status.st_mtime), 0o600
                tar.addfile(member, file)


def read_package(package: Path, into: Path | None = None, *, index: bool = True) -> Manifest:
    """Check a backup against its manifest, which is returned; with `into`, write the files to this new folder.

    Without `index` only the catalog is read, from which the rest is derived. Raises Damaged when a file is missing, has
    another size or hash, or is not in the manifest; UsageError when this is not a backup; WhereinError when it was made
    by a newer Wherein.
    """
    if into is not None:
        into.mkdir(mode=0o700)
    with _opened(package) as (manifest, files):
        missing = set(manifest.files) if index else {CATALOG}
        while missing:
            name, stream = next(files, ("", None))
            if stream is None:
                raise Damaged(f"{min(missing)} is missing")
            if name not in missing:
                raise Damaged(f"it holds {printable_path(name)[:100]} twice, or its manifest does not name this file")
            missing.remove(name)
            _check_file(name, stream, manifest.files[name], into)
        if index and next(files, None):
            raise Damaged("it holds a file that its manifest does not name")
    return manifest


def size_of(package: Path) -> int:
    """Return the bytes that a backup takes on the disk."""
    if package.is_file():
        return package.stat().st_size
    return sum(path.stat().st_size for path in package.rglob("*") if path.is_file())


def _check_file(name: str, stream: IO[bytes], entry: FileEntry, into: Path | None) -> None:
    digest, size = hashlib.sha256(), 0
    with _created(into / name) if into else nullcontext() as out:
        while block := stream.read(_BLOCK):
            size += len(block)
            if size > entry.size:  # no more is written than the manifest announces
                break
            digest.update(block)
            if out:
                out.write(block)
    if size != entry.size:
        raise Damaged(f"the size of {name} is not the one in the manifest")
    if digest.hexdigest() != entry.sha256:
        raise Damaged(f"the SHA-256 of {name} is not the one in the manifest")


def _created(path: Path) -> IO[bytes]:
    path.parent.mkdir(mode=0o700, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    return open(descriptor, "wb")  # noqa: PTH123 - private from the start


@contextmanager
def _opened(package: Path) -> Iterator[tuple[Manifest, _Files]]:
    if package.is_dir():
        yield _open_folder(package)
        return
    with _open(package) as raw:
        magic = raw.read(len(_MAGIC))
        if magic != _MAGIC and not package.name.endswith(SUFFIX):
            raise UsageError(f"{package} is not a backup, which is a folder, or a file whose name ends in {SUFFIX}")
        if magic != _MAGIC:
            raise Damaged("it does not begin like a zstd file")
        raw.seek(0)
        with _open_archive(raw) as opened:
            yield opened


def _open(path: Path) -> IO[bytes]:
    """Open a file so that its bytes come from the disk, as far as the system drops them from its page cache."""
    file = path.open("rb")
    if hasattr(os, "posix_fadvise"):
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    return file


def _open_folder(package: Path) -> tuple[Manifest, _Files]:
    try:
        manifest = decode_manifest((package / MANIFEST).read_bytes())
    except FileNotFoundError as error:
        if (package / CATALOG).exists():
            raise Damaged(f"it has no {MANIFEST}; if it is a library, use it with: --library {package}") from error
        raise UsageError(f"{package} is not a backup: it has no {MANIFEST}") from error
    return manifest, _folder_files(package, manifest)


def _folder_files(package: Path, manifest: Manifest) -> _Files:
    for name in sorted(manifest.files):
        try:
            file = _open(package / name)
        except FileNotFoundError as error:
            raise Damaged(f"{name} is missing") from error
        with file:
            yield name, file


@contextmanager
def _open_archive(raw: IO[bytes]) -> Iterator[tuple[Manifest, _Files]]:
    import zstandard

    try:
        limited = _Limited(zstandard.ZstdDecompressor().stream_reader(raw))
        with tarfile.open(fileobj=limited, mode="r|", bufsize=_BLOCK) as tar:  # type: ignore[call-overload]
            files = _archive_files(tar, limited)
            name, stream = next(files, ("", None))
            if name != MANIFEST or stream is None:
                raise Damaged(f"{MANIFEST} is missing")
            manifest = decode_manifest(stream.read(_MANIFEST_BYTES))
            limited.left += sum(entry.size for entry in manifest.files.values())
            yield manifest, files
    except (zstandard.ZstdError, tarfile.TarError, ValueError, ArithmeticError, LookupError) as error:
        raise Damaged("it is truncated or garbled") from error


def _archive_files(tar: tarfile.TarFile, whole: _Limited) -> _Files:
    """Yield names and contents. A name is used only if the manifest contains it, which allows only safe names."""
    for member in tar:
        if member.type not in (tarfile.REGTYPE, tarfile.AREGTYPE) or member.sparse is not None:
            raise Damaged(f"{printable_path(member.name)[:100]} in it is not a regular file")
        stream = tar.extractfile(member)
        assert stream is not None
        yield member.name, stream
    while whole.read(_BLOCK):  # to the end, where zstd compares its own checksum
        pass


class _Limited:
    """A decompressed stream with a limit on its size, against archives that expand without end."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self.left = _MANIFEST_BYTES + _OVERHEAD

    def read(self, size: int) -> bytes:
        block: bytes = self._stream.read(size)
        self.left -= len(block)
        if self.left < 0:
            raise Damaged("it holds more than its manifest says")
        return block
