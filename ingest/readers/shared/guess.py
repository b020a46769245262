"""The encoding of a text that does not declare one, guessed from a sample of its bytes."""

import unicodedata
from typing import NamedTuple

from wherein.ingest.readers.shared.charset import charset_for_label, is_known

__all__ = ["SURE", "Guess", "control_share", "guess", "guess_wide"]

SURE = 0.95
"""A guess of less confidence is reported to the user."""

_WIDE = (("utf-32-le", 4), ("utf-32-be", 4), ("utf-16-le", 2), ("utf-16-be", 2))
_TEXT_SHARE = 0.97
_SPACED_LENGTH = 200
_NO_TEXT = frozenset(("Cc", "Cn", "Co", "Cs"))
_LAYOUT = "\t\n\v\f\r\x1a\x1b"
# How far the best reading must lie above the best one that gives another text, and how often it was the right one then
# (docs/decisions/encodings.md).
_MEASURED = ((0.05, 0.99), (0.01, 0.98), (0.0, 0.8))
_UNKNOWN = 0.5
_MAX_ODD_SHARE = 0.3


class Guess(NamedTuple):
    """A Python codec, and how often such a guess is right."""

    codec: str
    confidence: float


def guess_wide(sample: bytes) -> str | None:
    """Return the codec when the sample looks like UTF-16 or UTF-32 without a byte order mark."""
    found = [(len({ord(c) >> 8 for c in text}), codec) for codec, text in _wide_readings(sample) if _is_text(text)]
    return min(found)[1] if found else None  # letters of one language lie in few rows of 256 characters


def guess(sample: bytes) -> Guess | None:
    """Return the most likely encoding of a sample that is not UTF-8; None when it is no text."""
    # Imported here: most files need no guess.
    from chardet import detect_all

    ranked = [
        (charset_for_label(found["encoding"]).codec, found["confidence"])
        for found in detect_all(sample, ignore_threshold=True, compat_names=False)
        if found["encoding"]
    ]
    ranked = [(codec, score) for codec, score in ranked if is_known(codec)]
    if not ranked:
        return Guess("cp1252", _UNKNOWN) if _odd_share(sample) < _MAX_ODD_SHARE else None
    (codec, score), *others = ranked
    text = sample.decode(codec, "replace")
    if control_share(text) > 1 - _TEXT_SHARE:
        return None
    rival = next((other for name, other in others if sample.decode(name, "replace") != text), 0.0)
    return Guess(codec, next(share for margin, share in _MEASURED if score - rival >= margin))


def control_share(text: str) -> float:
    """Return the share of control characters and of those that could not be decoded."""
    odd = sum(c == "\ufffd" or (c not in _LAYOUT and unicodedata.category(c) == "Cc") for c in text)
    return odd / max(1, len(text))


def _odd_share(sample: bytes) -> float:
    return sum(byte > 126 or (byte < 32 and chr(byte) not in _LAYOUT) for byte in sample) / max(1, len(sample))


def _wide_readings(sample: bytes) -> list[tuple[str, str]]:
    readings = []
    for codec, width in _WIDE:
        whole = sample[: len(sample) // width * width]
        try:
            text = whole.decode(codec, "surrogatepass" if width == 2 else "strict")
        except UnicodeDecodeError:
            continue
        readings.append((codec, text))
    return readings


def _is_text(text: str) -> bool:
    """Whether a reading has hardly anything but assigned characters, and blanks or line ends between them."""
    good = sum(c in _LAYOUT or unicodedata.category(c) not in _NO_TEXT for c in text)
    gaps = sum(c.isspace() or c in "。、，" for c in text)
    return bool(text) and good >= _TEXT_SHARE * len(text) and gaps * _SPACED_LENGTH >= len(text) - _SPACED_LENGTH
