"""How the bytes of an RTF file are encoded: the codecs of the character sets of its fonts.

Rich Text Format (RTF) Specification 1.9.1, "Font Table".
"""

__all__ = ["SYMBOLS", "codec_of_charset"]

SYMBOLS = "symbols"
"""Stands for the codec of symbol fonts, whose bytes are not letters."""

_BY_CHARSET = {
    2: SYMBOLS, 77: "mac_roman", 78: "shift_jis", 79: "johab", 80: "gbk", 81: "big5", 128: "cp932", 129: "cp949",
    130: "johab", 134: "gbk", 136: "cp950", 161: "cp1253", 162: "cp1254", 163: "cp1258", 177: "cp1255", 178: "cp1256",
    186: "cp1257", 204: "cp1251", 222: "cp874", 238: "cp1250", 254: "cp437", 255: "cp850",
}  # fmt: skip


def codec_of_charset(number: int) -> str | None:
    """Return the codec of a font's character set; None where the document's code page holds."""
    return _BY_CHARSET.get(number)
