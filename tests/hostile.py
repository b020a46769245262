"""A folder with every kind of file that an ingest may come across: readable ones, and others with the reason."""

import bz2
import gzip
import io
import lzma
import os
import socket
import tarfile
import zlib
from collections.abc import Callable
from pathlib import Path

import office
from mutations import CSV, HTML, JSON, JSONL, LATEX, MAIL, MARKDOWN, MBOX, PDF, RST

__all__ = ["BAD", "GOOD", "SPECIAL", "write_hostile"]

_OLE = bytes.fromhex("d0cf11e0a1b11ae1")
_TEXT = b"The harbour opens at dawn, and the herring is sold before noon.\n"


def _zip(files: dict[str, bytes]) -> bytes:
    return office.packed(files)


def _tar(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, data in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return out.getvalue()


def _nested(depth: int) -> bytes:
    data = _zip({"deepest.txt": _TEXT})
    for _ in range(depth):
        data = _zip({"inner.zip": data})
    return data


def _encrypted_zip() -> bytes:
    data = bytearray(_zip({"secret.txt": _TEXT}))
    data[6] |= 1  # the flag in the local header, and the one in the central directory
    data[data.index(b"PK\x01\x02") + 8] |= 1
    return bytes(data)


def _laughs() -> bytes:
    """Return a document with ten to the ninth entities, the "billion laughs" attack."""
    entities = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    body = f'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY l0 "lol">{entities}]><w:document>&l9;</w:document>'
    return _zip({**office.unpacked(office.MAKERS["docx"]()), "word/document.xml": body.encode()})


GOOD: dict[bytes, Callable[[], bytes]] = {
    b"plain.txt": lambda: _TEXT,
    b"no suffix": lambda: _TEXT,
    b"notes.md": lambda: MARKDOWN,
    b"page.html": lambda: HTML,
    b"paper.rst": lambda: RST,
    b"paper.tex": lambda: LATEX,
    b"paper.pdf": lambda: PDF,
    b"a pdf called.txt": lambda: PDF,
    b"a page called.pdf": lambda: HTML,
    b"a page called.docx": lambda: HTML,
    b"message.eml": lambda: MAIL,
    b"mailbox": lambda: MBOX,
    b"table.csv": lambda: CSV,
    b"records.json": lambda: JSON,
    b"records.jsonl": lambda: JSONL,
    b"letter.docx": lambda: office.MAKERS["docx"](),
    b"slides.pptx": lambda: office.MAKERS["pptx"](),
    b"sheet.xlsx": lambda: office.MAKERS["xlsx"](),
    b"letter.odt": lambda: office.MAKERS["odt"](),
    b"book.epub": lambda: office.MAKERS["epub"](),
    b"some.zip": lambda: _zip({"a.txt": _TEXT, "deep/b.md": MARKDOWN}),
    b"some.tar": lambda: _tar({"a.txt": _TEXT}),
    b"climbing.tar": lambda: _tar({"../../climbing.txt": _TEXT, "/etc/absolute.txt": _TEXT}),
    b"some.txt.gz": lambda: gzip.compress(_TEXT),
    b"some.txt.bz2": lambda: bz2.compress(_TEXT),
    b"some.txt.xz": lambda: lzma.compress(_TEXT),
    b"latin-1.txt": lambda: "Ein Käse für Åse, und noch mehr davon.".encode("latin-1"),
    b"half utf-8.txt": lambda: _TEXT + b"\xc3\x28 \xff\xfe broken " + _TEXT,
    b"utf-16.txt": lambda: "A text with a byte order mark.".encode("utf-16"),
    b"one line.txt": lambda: b"herring " * 20_000,
    b"one word.txt": lambda: b"h" * 50_000,
    b"deep.html": lambda: b"<html><body>" + b"<div>" * 20_000 + _TEXT,
    b"unclosed.html": lambda: b"<html><body><table><tr><td><p>" + _TEXT + b"<script>if (a < b",
    b"bad \xff\xfe name.txt": lambda: _TEXT,
    b"new\nline.txt": lambda: _TEXT,
    "emoji \U0001f41f.txt".encode(): lambda: _TEXT,
    b"x" * 251 + b".txt": lambda: _TEXT,
    b"-rf.txt": lambda: _TEXT,
    b"100%25.txt": lambda: _TEXT,
}
"""Files that are read at least in part, by name."""

BAD: dict[bytes, tuple[Callable[[], bytes], str]] = {
    b"empty.txt": (lambda: b"", "empty file"),
    b"blank.txt": (lambda: b" \n\t\n" * 100, "no text"),
    b"nothing.html": (lambda: b"<html><body><img src=x><script>1</script></body></html>", "no text"),
    b"picture.png": (lambda: b"\x89PNG\r\n\x1a\n" + bytes(100), "image"),
    b"program": (lambda: b"\x7fELF\x02\x01\x01" + bytes(100), ""),
    b"random.txt": (lambda: bytes(range(256)) * 8, "binary"),
    b"nul.txt": (lambda: bytes(5_000), "binary"),
    b"data.sqlite": (lambda: b"SQLite format 3\0" + bytes(100), ""),
    b"some.7z": (lambda: b"7z\xbc\xaf\x27\x1c" + bytes(100), ""),
    b"some.rar": (lambda: b"Rar!\x1a\x07\x01\x00" + bytes(100), ""),
    b"old.doc": (lambda: _OLE + bytes(5_000), ""),
    b"locked.docx": (lambda: _OLE + bytes(5_000), ""),
    b"torn.pdf": (lambda: PDF[:120], "PDF"),
    b"header.pdf": (lambda: b"%PDF-1.7\n", "PDF"),
    b"torn.docx": (lambda: office.MAKERS["docx"]()[:700], ""),
    b"torn.zip": (lambda: _zip({"a.txt": os.urandom(3_000)})[:2_000], ""),
    b"locked.zip": (_encrypted_zip, "encrypted"),
    b"bomb.zip": (lambda: _zip({"zeros.txt": b"0" * (70 << 20)}), "bomb"),
    b"bomb.gz": (lambda: gzip.compress(b"0" * (70 << 20)), "bomb"),
    b"nested.zip": (lambda: _nested(8), ""),
    b"laughs.docx": (_laughs, ""),
    b"hollow.odt": (lambda: _zip({"mimetype": b"application/vnd.oasis.opendocument.text"}), ""),
    b"hollow.epub": (lambda: _zip({"mimetype": b"application/epub+zip"}), ""),
    b"torn.txt.gz": (lambda: gzip.compress(os.urandom(5_000))[:2_000], ""),
    b"torn.txt.xz": (lambda: lzma.compress(os.urandom(5_000))[:2_000], ""),
    b"torn.tar": (lambda: _tar({"a.txt": _TEXT * 100})[:700], ""),
    b"records.bad.jsonl": (lambda: b'{"text": "one"\n{"text": 2}\n[1]\n', ""),
    b"large.txt": (lambda: _TEXT * 40_000, "larger than --max-size"),
    b"raw.zz": (lambda: zlib.compress(os.urandom(3_000)), "binary"),
}
"""Files that are not read, or only in part, by name, each with words of the reason that is reported."""

SPECIAL = {
    b"pipe": "named pipe",
    b"socket": "socket",
    b"device": "character device",
    b"loop": "symbolic link loop",
    b"dangling": "broken symbolic link",
}


def write_hostile(folder: Path) -> None:
    """Write all of these files, and links to the folder itself and to its parent."""
    folder.mkdir(parents=True)
    for name, make in GOOD.items():
        (folder / os.fsdecode(name)).write_bytes(make())
    for name, (make, _) in BAD.items():
        (folder / os.fsdecode(name)).write_bytes(make())
    os.mkfifo(folder / "pipe")
    with socket.socket(socket.AF_UNIX) as server:
        here = os.open(folder, os.O_RDONLY)  # the path of a socket may have at most 107 bytes
        server.bind(f"/proc/self/fd/{here}/socket")
        os.close(here)
    (folder / "device").symlink_to("/dev/null")
    (folder / "loop").symlink_to("loop")
    (folder / "dangling").symlink_to("nowhere")
    (folder / "inner").mkdir()
    (folder / "inner" / "up").symlink_to("..")
    (folder / "inner" / "self").symlink_to(".")
    (folder / "inner" / "same.txt").write_bytes(_TEXT)
