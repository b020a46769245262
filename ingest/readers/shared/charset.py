"""The character encodings that web pages and messages declare."""

import re
from typing import NamedTuple

__all__ = ["Charset", "charset_for_label", "declared_charset"]

_PRESCAN_BYTES = 4096
_COMMENT = re.compile(rb"<!--.*?-->", re.DOTALL)
_META = re.compile(rb"<meta\s[^>]*?charset\s*=\s*[\"']?\s*([\w.:+-]+)", re.IGNORECASE)
_XML = re.compile(rb"\s*<\?xml[^>]*?encoding\s*=\s*[\"']([\w.:+-]+)")

# Labels that stand for a larger encoding on the web: https://encoding.spec.whatwg.org/#names-and-labels
_WHATWG = {
    **dict.fromkeys(("iso-8859-1", "iso8859-1", "iso_8859-1", "latin1", "latin-1", "l1"), "cp1252"),
    **dict.fromkeys(("ascii", "us-ascii", "windows-1252", "cp1252"), "cp1252"),
    **dict.fromkeys(("iso-8859-9", "latin5"), "cp1254"),
    **dict.fromkeys(("iso-8859-11", "tis-620", "windows-874"), "cp874"),
    **dict.fromkeys(("gb2312", "gbk", "x-gbk"), "gb18030"),
    **dict.fromkeys(("shift_jis", "shift-jis", "sjis", "x-sjis", "windows-31j"), "cp932"),
    **dict.fromkeys(("euc-kr", "ks_c_5601-1987", "windows-949"), "cp949"),
    "big5": "big5hkscs",
    # The declaration was read as ASCII, so the page is not UTF-16.
    **dict.fromkeys(("utf8", "utf-8", "utf-16", "utf-16le", "utf-16be", "unicode"), "utf-8"),
}


class Charset(NamedTuple):
    """An encoding as the page names it, the Python codec for it, and how the codec treats errors."""

    name: str
    codec: str
    errors: str


def declared_charset(data: bytes) -> Charset | None:
    """Return the encoding in the page's `<meta>` or XML declaration; None without one."""
    head = _COMMENT.sub(b"", data[:_PRESCAN_BYTES])
    match = _META.search(head) or _XML.match(head)
    if not match:
        return None
    return charset_for_label(match[1].decode("ascii"))


def charset_for_label(label: str) -> Charset:
    """Return what a label means on the web and in mail; its codec need not be one that Python knows."""
    codec = _WHATWG.get(label.lower(), label)
    # On the web windows-1252 has no undefined bytes; in Python it has five.
    return Charset(label, codec, "replace" if codec == "cp1252" else "strict")
