"""The codecs of the numbered code pages that RTF, Outlook and old Office files name.

https://learn.microsoft.com/windows/win32/intl/code-page-identifiers
"""

import codecs

__all__ = ["WESTERN", "codec_of_page"]

WESTERN = "cp1252"

_BY_PAGE = {
    708: "iso8859_6", 10000: "mac_roman", 10001: "shift_jis", 10002: "big5", 10003: "euc_kr", 10004: "mac_arabic",
    10006: "mac_greek", 10007: "mac_cyrillic", 10008: "gb2312", 10010: "mac_romanian", 10029: "mac_latin2",
    10079: "mac_iceland", 10081: "mac_turkish", 10082: "mac_croatian", 20866: "koi8_r", 20932: "euc_jp",
    20936: "gb2312", 21866: "koi8_u",
    **{28590 + part: f"iso8859_{part}" for part in (*range(1, 10), 13, 15)},
    38598: "iso8859_8", **dict.fromkeys((50220, 50221, 50222), "iso2022_jp"), 50225: "iso2022_kr", 51932: "euc_jp",
    51936: "gb2312", 51949: "euc_kr", 52936: "hz", 54936: "gb18030", 65001: "utf_8",
}  # fmt: skip


def codec_of_page(number: int) -> str:
    """Return the codec of a code page; that of Windows in Western Europe for one that is not known."""
    name = _BY_PAGE.get(number, f"cp{number}")
    try:
        codecs.lookup(name)
    except LookupError:
        return WESTERN
    return name
