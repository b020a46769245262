"""The encoding of a text that does not declare one, guessed from a sample of its bytes."""

import re
import unicodedata
from typing import NamedTuple

from wherein.ingest.readers.shared.charset import charset_for_label, is_known
from wherein.ingest.readers.shared.misplaced import misplaced_share

__all__ = ["SURE", "Guess", "guess", "guess_wide"]

SURE = 0.95
"""A guess of less confidence is reported to the user."""

_WIDE = (("utf-32-le", 4), ("utf-32-be", 4), ("utf-16-le", 2), ("utf-16-be", 2))
_TEXT_SHARE = 0.97
_SPACED_LENGTH = 200
_FEW_ROWS = 4
_NUL_SHARE = 0.3
_MIN_WIDE = 16
_MIN_ODD_SHARE = 0.15
_NO_TEXT = frozenset(("Cc", "Cn", "Co", "Cs"))
_LAYOUT = "\t\n\v\f\r\x1a\x1b"
# How often a guess was right (docs/decisions/encodings.md): where the detector and the misplaced characters agree and
# the next other text is this far behind, where they only agree, and where they do not.
_CLEAR_MARGIN = 0.005
_CLEAR, _UNCLEAR, _DISPUTED = 0.99, 0.8, 0.5
_EBCDIC = frozenset(("cp037", "cp273", "cp424", "cp500", "cp875", "cp1026", "cp1140"))
_DECLARATION = re.compile(rb"charset|encoding|coding", re.IGNORECASE)
_MAX_ODD_SHARE = 0.3
_MAX_RANKED = 14
_MISPLACED = 0.6
_USUAL = 0.2
_FEW = 10
# On today's disks these are more frequent than code pages of DOS and the Macintosh, which take more text to recognize.
_USUAL_CODECS = ("cp125", "cp932", "gb18030", "cp949", "big5", "euc", "koi8", "cp874", "iso2022", "hz", "utf")


class Guess(NamedTuple):
    """A Python codec, and how often such a guess is right."""

    codec: str
    confidence: float


class _Reading(NamedTuple):
    codec: str
    text: str
    score: float


def guess_wide(sample: bytes) -> str | None:
    """Return the codec when the sample looks like UTF-16 or UTF-32 without a byte order mark."""
    # ASCII with a few NUL bytes is not text in any encoding, and two bytes can be almost any character of East Asia.
    few = sample.count(0) < _NUL_SHARE * len(sample)
    if few and (len(sample) < _MIN_WIDE or _odd_share(sample) < _MIN_ODD_SHARE):
        return None
    found = [(len({ord(c) >> 8 for c in text}), codec) for codec, text in _wide_readings(sample) if _is_text(text)]
    return min(found)[1] if found else None  # letters of one language lie in few rows of 256 characters


def guess(sample: bytes) -> Guess | None:
    """Return the most likely encoding of a sample that is not UTF-8; None when it is not text."""
    readings = _readings(sample)[:_MAX_RANKED]
    if not readings:
        return Guess("cp1252", _DISPUTED) if _odd_share(sample) < _MAX_ODD_SHARE else None
    first, best = readings[0], max(map(_weighed, readings), key=lambda reading: reading.score)
    if _control_share(best.text) > 1 - _TEXT_SHARE:
        return None
    best = next((same for same in readings if same.codec == "cp1252" and same.text == best.text), best)
    if first.text != best.text:
        return Guess(best.codec, _DISPUTED)
    if best.codec in _EBCDIC:  # a few bytes of anything look like it
        return Guess(best.codec, _UNCLEAR)
    rival = next((other.score for other in readings if other.text != first.text), first.score - 1)
    return Guess(best.codec, _CLEAR if first.score - rival >= _CLEAR_MARGIN else _UNCLEAR)


def _readings(sample: bytes) -> list[_Reading]:
    """Return the sample as the detector would decode it, the most likely reading first."""
    # Imported here: most files need no guess.
    from chardet import detect_all

    scores: dict[str, float] = {}
    # The detector would follow a declaration, which was found to be wrong.
    undeclared = _DECLARATION.sub(lambda match: b" " * len(match[0]), sample)
    for found in detect_all(undeclared, ignore_threshold=True, compat_names=False):
        codec = charset_for_label(found["encoding"] or "").codec
        if is_known(codec):
            scores[codec] = max(scores.get(codec, 0.0), found["confidence"])
    readings = [_Reading(codec, sample.decode(codec, "replace"), score) for codec, score in scores.items()]
    return sorted(readings, key=lambda reading: -reading.score)


def _weighed(reading: _Reading) -> _Reading:
    """Return a reading with a score that counts characters that are where none like them can be."""
    misplaced, count = misplaced_share(reading.text)
    bonus = _USUAL if count < _FEW and reading.codec.startswith(_USUAL_CODECS) else 0
    return reading._replace(score=reading.score - _MISPLACED * misplaced + bonus)


def _control_share(text: str) -> float:
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
    """Whether a reading has hardly anything but assigned characters, and blanks between them, or one script."""
    good = sum(c in _LAYOUT or unicodedata.category(c) not in _NO_TEXT for c in text)
    gaps = sum(c.isspace() or c in "。、，" for c in text)
    is_spaced = gaps * _SPACED_LENGTH >= len(text) - _SPACED_LENGTH or len({ord(c) >> 8 for c in text}) <= _FEW_ROWS
    return bool(text) and good >= _TEXT_SHARE * len(text) and is_spaced
