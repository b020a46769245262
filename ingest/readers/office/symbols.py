"""The letters that Word inserts as symbols: a font and a code of it, instead of text."""

__all__ = ["symbol"]

# Of Adobe's font Symbol, in which formulas and units are written; its codes follow the order of the letters in ASCII.
_SYMBOL = {
    **dict(enumerate("ΑΒΧΔΕΦΓΗΙϑΚΛΜΝΟΠΘΡΣΤΥςΩΞΨΖ", 0x41)),
    **dict(enumerate("αβχδεφγηιϕκλμνοπθρστυϖωξψζ", 0x61)),
    0xA2: "′", 0xA3: "≤", 0xA4: "/", 0xA5: "∞", 0xAC: "←", 0xAD: "↑", 0xAE: "→", 0xAF: "↓", 0xB0: "°", 0xB1: "±",
    0xB2: "″", 0xB3: "≥", 0xB4: "×", 0xB5: "∝", 0xB6: "∂", 0xB7: "•", 0xB8: "÷", 0xB9: "≠", 0xBA: "≡", 0xBB: "≈",
    0xC7: "∩", 0xC8: "∪", 0xCE: "∈", 0xCF: "∉", 0xD0: "∠", 0xD1: "∇", 0xD5: "∏", 0xD6: "√", 0xD7: "⋅", 0xD8: "¬",
    0xE5: "∑", 0xF2: "∫",
}  # fmt: skip
_PRIVATE = 0xF000
"""Codes of fonts of symbols are moved up by this."""
_ASCII = range(0x20, 0x40)


def symbol(font: str, code: str) -> str:
    """Return the letter that a hexadecimal code has in a font; "" where the font has pictures."""
    try:
        number = int(code, 16)
    except ValueError:
        return ""
    if font.lower() == "symbol":
        number -= _PRIVATE if number >= _PRIVATE else 0
        return chr(number) if number in _ASCII else _SYMBOL.get(number, "")
    letter = chr(number) if 0x20 < number < 0xD800 else ""  # the private codes of other fonts are pictures
    return letter if letter.isprintable() else ""
