"""The names of character encodings, and where a text declares its own."""

import codecs
import re
from typing import NamedTuple

__all__ = [
    "WIDE",
    "Charset",
    "charset_for_label",
    "codec_for_name",
    "declared_in_page",
    "declared_in_text",
    "is_known",
    "shown_name",
]

WIDE = ("utf-16", "utf-32")
"""The codecs whose characters have two or four bytes begin with one of these."""

_PRESCAN_BYTES = 4096
_COMMENT = re.compile(rb"<!--.*?-->", re.DOTALL)
_META = re.compile(rb"<meta\s[^>]*?charset\s*=\s*[\"']?\s*([\w.:+-]+)", re.IGNORECASE)
_XML = re.compile(rb"\s*<\?xml[^>]*?encoding\s*=\s*[\"']([\w.:+-]+)")
_CSS = re.compile(rb"@charset \"([\w.:+-]+)\";")
# PEP 263, in the first two lines of a file; the lines of Emacs and Vim match it as well.
_COOKIE = re.compile(rb"(?:[^\r\n]*(?:\r\n?|\n))?[ \t\f]*(?:#|//|/\*|--|;|%|\")[^\r\n]*?coding[:=][ \t]*([\w.-]+)")

# Labels that stand for a larger encoding on the web: https://encoding.spec.whatwg.org/#names-and-labels
_WHATWG = {
    **dict.fromkeys(("iso-8859-1", "iso8859-1", "iso_8859-1", "latin1", "latin-1", "l1"), "cp1252"),
    **dict.fromkeys(("ascii", "us-ascii", "windows-1252", "cp1252", "x-cp1252", "ansi"), "cp1252"),
    **dict.fromkeys(("iso-8859-9", "latin5"), "cp1254"),
    **dict.fromkeys(("iso-8859-11", "tis-620", "windows-874"), "cp874"),
    **dict.fromkeys(("gb2312", "gbk", "x-gbk", "gb_2312-80", "euc-cn", "cp936", "windows-936"), "gb18030"),
    **dict.fromkeys(("shift_jis", "shift-jis", "sjis", "x-sjis", "windows-31j", "ms_kanji", "shift_jis_2004"), "cp932"),
    **dict.fromkeys(("euc-kr", "ks_c_5601-1987", "ksc5601", "windows-949", "uhc"), "cp949"),
    "euc_jis_2004": "euc_jp",
    **dict.fromkeys(("big5", "big5-hkscs", "cn-big5", "x-x-big5"), "big5hkscs"),
    **dict.fromkeys(("iso-8859-8-i", "logical"), "iso8859-8"),
    **dict.fromkeys(("macintosh", "x-mac-roman"), "mac-roman"),
    **dict.fromkeys(("x-mac-cyrillic", "x-mac-ukrainian"), "mac-cyrillic"),
    # The declaration was read as ASCII, so the page is not UTF-16.
    **dict.fromkeys(("utf8", "utf-8", "utf-16", "utf-16le", "utf-16be", "unicode"), "utf-8"),
}
_SHOWN = {
    "cp932": "Shift_JIS",
    "cp949": "EUC-KR",
    "big5hkscs": "Big5",
    "cp874": "windows-874",
    "koi8-r": "KOI8-R",
    "koi8-u": "KOI8-U",
    "mac-roman": "Macintosh",
}
# Codecs of Python that are not character encodings, or depend on the machine.
_NOT_ENCODINGS = frozenset(("idna", "mbcs", "oem", "punycode", "raw-unicode-escape", "undefined", "unicode-escape"))


class Charset(NamedTuple):
    """An encoding as the text names it, and the Python codec for it, which need not be one that Python knows."""

    name: str
    codec: str


def charset_for_label(label: str) -> Charset:
    """Return what a label means on the web and in mail."""
    lower = label.strip().lower()
    if lower.startswith("windows-") and lower not in _WHATWG:
        return Charset(label, f"cp{lower.removeprefix('windows-')}")
    return Charset(label, _WHATWG.get(lower, lower))


def codec_for_name(name: str) -> str:
    """Return the codec that a user means by the name of an encoding."""
    lower = name.strip().lower().replace("_", "-")
    if lower.startswith(("utf-16", "utf-32", "utf16", "utf32")):
        return re.sub(r"^utf-?(16|32)-?", r"utf-\1-", lower).rstrip("-")
    return charset_for_label(name).codec


def is_known(codec: str) -> bool:
    """Whether Python can decode text with this codec."""
    try:
        found = codecs.lookup(codec)
    except (LookupError, ValueError):  # ValueError: a NUL character, or no ASCII
        return False
    return found._is_text_encoding and found.name.replace("_", "-") not in _NOT_ENCODINGS


def declared_in_page(data: bytes) -> Charset | None:
    """Return the encoding in the `<meta>` or XML declaration of a web page; None without one."""
    head = _COMMENT.sub(b"", data[:_PRESCAN_BYTES])
    return _charset(_META.search(head) or _XML.match(head))


def declared_in_text(data: bytes) -> Charset | None:
    """Return the encoding in an XML declaration, `@charset` or a comment such as `# coding: latin-1`."""
    head = data[:_PRESCAN_BYTES]
    if declared := _charset(_XML.match(head) or _CSS.match(head)):
        return declared
    comment = _charset(_COOKIE.match(head))
    return comment if comment and is_known(comment.codec) else None  # prose may begin with "# Encoding: a guide"


def shown_name(codec: str) -> str:
    """Return the usual name of an encoding, which `charset_for_label` understands."""
    name = codec.lower().replace("_", "-")
    if re.fullmatch(r"cp125\d", name):
        return f"windows-{name[2:]}"
    return _SHOWN.get(name) or re.sub("^ISO8859", "ISO-8859", name.upper())


def _charset(match: re.Match[bytes] | None) -> Charset | None:
    return charset_for_label(match[1].decode("ascii")) if match else None
