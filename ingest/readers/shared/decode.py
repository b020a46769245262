"""From bytes to text that can be stored: without NUL characters and lone surrogates."""

import re
from pathlib import PurePath

from wherein.errors import Unreadable
from wherein.ingest.readers.shared.skipped import Skipped
from wherein.storage.disk.text_lines import split_bom

__all__ = ["clean", "decode", "name_as_title", "not_utf8_reason", "require_text", "split_bom"]

_UNSTORABLE = re.compile("[\0\ud800-\udfff]")


def clean(text: str) -> str:
    """Replace NUL characters and lone surrogates by U+FFFD; the length stays the same."""
    return _UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", text)


def decode(data: bytes) -> str:
    """Decode by the byte order mark, else as UTF-8. Raises Unreadable with the offset of the first invalid byte."""
    codec, body = split_bom(data)
    try:
        # Half a surrogate pair is one bad character, not a reason to lose the file.
        return clean(body.decode(codec or "utf-8", errors=_errors(codec)))
    except UnicodeDecodeError as error:
        if codec is None and b"\0" in data:
            raise Skipped("binary file") from None
        offset = len(data) - len(body) + error.start
        if codec in (None, "utf-8"):
            raise Unreadable(not_utf8_reason(data, offset)) from None
        family = "UTF-16" if codec and codec.startswith("utf-16") else "UTF-32"
        raise Unreadable(f"not valid {family}, which its byte order mark declares (offset {offset})") from None


def _errors(codec: str | None) -> str:
    # Lets half a surrogate pair through, for `clean` to replace.
    return "surrogatepass" if codec in ("utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be") else "strict"


def not_utf8_reason(data: bytes, offset: int) -> str:
    """Return the reason for bytes that stop being UTF-8 at byte `offset`."""
    return (
        f"not UTF-8 (byte 0x{data[offset]:02X} at offset {offset}); convert it, "
        "for instance with: iconv -f WINDOWS-1252 -t UTF-8"
    )


def require_text(text: str) -> None:
    """Raise `Skipped` when `text` is blank."""
    if not text or text.isspace():
        raise Skipped("no text")


def name_as_title(name: str) -> str:
    """Return the last part of a path, as a title that can be stored."""
    return clean(PurePath(name).name)
