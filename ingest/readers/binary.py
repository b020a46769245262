"""Files that hold no text, recognized by their first bytes."""

import codecs
import re

from wherein.ingest.readers.shared.guess import guess_wide
from wherein.storage.disk.text_lines import split_bom

__all__ = ["binary_kind"]

_MAGIC = (
    (b"8BPS", "Photoshop image"),
    (b"\x1f\x8b", "gzip archive"),
    (b"BZh", "bzip2 archive"),
    (b"\xfd7zXZ\0", "xz archive"),
    (b"\x28\xb5\x2f\xfd", "zstd archive"),
    (b"7z\xbc\xaf\x27\x1c", "7z archive"),
    (b"Rar!\x1a\x07", "RAR archive"),
    (b"\x7fELF", "ELF program"),
    (b"\xcf\xfa\xed\xfe", "Mach-O program"),
    (b"\xca\xfe\xba\xbe", "Java class or Mach-O program"),
    (b"\0asm", "WebAssembly module"),
    (b"SQLite format 3\0", "SQLite database"),
    (b"\x93NUMPY", "NumPy array"),
    (b"\x89HDF\r\n\x1a\n", "HDF5 data"),
    (b"PAR1", "Parquet data"),
    (b"ID3", "MP3 audio"),
    (b"OggS", "Ogg audio"),
    (b"fLaC", "FLAC audio"),
    (b"wOFF", "web font"),
    (b"wOF2", "web font"),
    (b"OTTO", "OpenType font"),
    (b"\0\x01\0\0\0", "TrueType font"),
)
_MIN_TEXT_SHARE = 0.9
_CONTROL = re.compile(rb"[\x01-\x08\x0e-\x1a\x1c-\x1f\x7f]")  # beside white space and the escape of colors
_CONTAINERS = {
    b"RIFF": {b"WAVE": "WAV audio", b"AVI ": "AVI video"},
}


def binary_kind(head: bytes) -> str | None:
    """Return the reason why a file that begins with `head` is binary; None when it looks like text."""
    name = _by_magic(head)
    if name is None and b"\0" in head and split_bom(head)[0] is None and guess_wide(head) is None:
        name = _by_weak_magic(head)
        return f"binary file ({name})" if name else None if _is_text(head) else "binary file"
    return f"binary file ({name})" if name else None


def _is_text(head: bytes) -> bool:
    """Whether a head with NUL bytes is text in UTF-8 all the same, such as a log that was being written in a crash."""
    rest = head.replace(b"\0", b"")
    if len(rest) <= _MIN_TEXT_SHARE * len(head) or _CONTROL.search(rest):
        return False
    try:
        codecs.getincrementaldecoder("utf-8")().decode(rest)  # its last character may be cut
    except UnicodeDecodeError:
        return False
    return True


def _by_magic(head: bytes) -> str | None:
    for magic, name in _MAGIC:
        # A text may begin with the same letters ("BZh", "ID3"), so letters alone need a NUL near them.
        if head.startswith(magic) and (not magic.isascii() or not magic.isalnum() or b"\0" in head):
            return name
    return _CONTAINERS.get(head[:4], {}).get(head[8:12])


def _by_weak_magic(head: bytes) -> str | None:
    """Name a kind whose magic is too short, or too far from the start, to be trusted in a file without NUL bytes."""
    if head[2:4] == b"\r\n":
        return "compiled Python file"
    if head[257:262] == b"ustar":
        return "tar archive"
    if head[4:8] == b"ftyp":
        return "MP4 video"
    if head.startswith(b"MZ"):
        return "Windows program"
    if head.startswith(b"BM"):
        return "BMP image"
    return None
