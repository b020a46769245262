"""How the bytes of an RTF file are encoded: the codecs of its code pages, and of the character sets of its fonts.

Rich Text Format (RTF) Specification 1.9.1, "Code Page Support" and "Font Table".
"""

import codecs

__all__ = ["SYMBOLS", "codec_of_charset", "codec_of_page"]

WESTERN = "cp1252"
SYMBOLS = "symbols"
"""Stands for the codec of symbol fonts, whose bytes are not letters."""

_BY_CHARSET = {
    2: SYMBOLS, 77: "mac_roman", 78: "shift_jis", 79: "johab", 80: "gbk", 81: "big5", 128: "cp932", 129: "cp949",
    130: "johab", 134: "gbk", 136: "cp950", 161: "cp1253", 162: "cp1254", 163: "cp1258", 177: "cp1255", 178: "cp1256",
    186: "cp1257", 204: "cp1251", 222: "cp874", 238: "cp1250", 254: "cp437", 255: "cp850",
}  # fmt: skip
_BY_PAGE = {10000: "mac_roman", 10001: "shift_jis", 10006: "mac_greek", 10007: "mac_cyrillic", 10029: "mac_latin2",
            10081: "mac_turkish", 708: "iso8859_6", 20866: "koi8_r", 28591: "latin_1", 54936: "gb18030",
            65001: "utf_8"}  # fmt: skip


def codec_of_charset(number: int) -> str | None:
    """Return the codec of a font's character set; None where the document's code page holds."""
    return _BY_CHARSET.get(number)


def codec_of_page(number: int) -> str:
    """Return the codec of a code page; that of Windows in Western Europe for one that is not known."""
    name = _BY_PAGE.get(number, f"cp{number}")
    try:
        codecs.lookup(name)
    except LookupError:
        return WESTERN
    return name
