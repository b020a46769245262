"""The signs that end sentences, in any script, and those that close what is quoted or in brackets.

All are written to stand inside a character class of a regular expression.
"""

__all__ = ["CLOSING", "ENDS", "UNSPACED_CLOSING", "UNSPACED_ENDS"]

ENDS = ".!?…؟۔।॥։።။"
"""A blank follows: those of Latin letters, Arabic and Urdu, Indian scripts, Armenian, Ethiopic and Burmese."""

CLOSING = r"""\"'”’»)\]"""

UNSPACED_ENDS, UNSPACED_CLOSING = "。！？", "”’」』）】〉》］"
"""Those of Chinese and Japanese, which no blank follows."""
