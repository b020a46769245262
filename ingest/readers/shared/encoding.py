"""The encoding of a text: what it declares, else UTF-8, else a guess. Every reader asks here."""

import codecs
import re
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from wherein.ingest.readers.shared.charset import (
    WIDE,
    Charset,
    codec_for_name,
    declared_in_text,
    is_known,
    shown_name,
)
from wherein.ingest.readers.shared.guess import SURE, Guess, guess, guess_wide
from wherein.ingest.readers.shared.misplaced import misplaced_share
from wherein.ingest.readers.shared.skipped import Skipped
from wherein.storage.disk.text_lines import split_bom
from wherein.uri import display

__all__ = ["Encoding", "find_encoding", "head_text"]

_STEP = 1 << 20
_SAMPLE = 1 << 16
_BEFORE = 128
_MAX_DAMAGE = 0.02
_CHANCE = 4
_MANY = 60
_WORSE = 0.1
_SHIFTS = re.compile(rb"\x1b\$[@B]")
_EVEN = 0.5
_JAPANESE = "iso2022_jp_2"
_CONTROLS = tuple(bytes((code,)) for code in range(1, 32) if chr(code) not in "\t\n\f\r\x1b")
_ASCII_ONLY = ("iso2022", "iso-2022", "hz", "utf-7", "utf7")
"""Encodings that write every character in ASCII begin with one of these."""


class Encoding(NamedTuple):
    """A Python codec, the length of the byte order mark in bytes, and what a user should know.

    `doubts` are those of the `notes` that should be checked by the user.
    """

    codec: str
    bom: int = 0
    notes: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()


class _Damage(NamedTuple):
    """How many bytes a codec cannot decode, the offset of the first, and how many characters beyond ASCII it can."""

    invalid: int = 0
    offset: int = 0
    decoded: int = 0

    @property
    def is_small(self) -> bool:
        """Whether it may be damage to a text in this encoding."""
        return self.invalid <= max(1, _MAX_DAMAGE * self.decoded)


def find_encoding(stream: BinaryIO, chosen: str = "", declared: Charset | None = None) -> Encoding:
    """Return the encoding of a text; the stream is left at its start. Raises Skipped when it is binary.

    A byte order mark counts first, then UTF-8 where all or nearly all of the bytes are, then `chosen`, the name that
    the user gave, then `declared`, which is looked for in the text itself when it is None, then a guess. Codecs are
    used with the handler "replace" for errors: a bad byte costs one character.
    """
    sample = _sample(stream)
    bom, body = split_bom(sample)
    if bom is not None:
        start = len(sample) - len(body)
        found = Encoding(bom, start, _damage_note(_damage(stream, bom, start), bom))
    else:
        found = _without_bom(stream, sample, chosen, declared or declared_in_text(sample))
    stream.seek(0)
    return found


def head_text(head: bytes) -> str:
    """Return the beginning of a file as text, to recognize its kind; bytes beyond ASCII may be decoded wrongly."""
    codec, body = split_bom(head)
    codec = codec or (guess_wide(head) if b"\0" in head else None)
    return body.decode(codec or "utf-8", "replace")


def _without_bom(stream: BinaryIO, sample: bytes, chosen: str, declared: Charset | None) -> Encoding:
    wide = guess_wide(sample) if _may_be_wide(sample) else None
    if chosen and (found := _chosen(stream, sample, chosen, wide)):
        return found
    if wide:
        return _unmarked(stream, wide)
    utf8 = _damage(stream, "utf-8")
    if b"\0" in sample and utf8.invalid:
        raise Skipped("binary file")
    if utf8.invalid and _begins_as_utf8(sample):  # where it is not UTF-8 shows what it is
        sample = _sample_from(stream, utf8.offset)
    return _declared(stream, sample, declared, utf8) or _undeclared(stream, sample, declared, utf8)


def _may_be_wide(sample: bytes) -> bool:
    """Whether there are NUL bytes, or every other byte is mostly one control character, as in Thai and Arabic."""
    if b"\0" in sample:
        return True
    halves = sample[::2], sample[1::2]
    return any(max(map(half.count, _CONTROLS)) > len(half) / 2 for half in halves)


def _chosen(stream: BinaryIO, sample: bytes, name: str, wide: str | None) -> Encoding | None:
    """Return the encoding that the user named, None for a text that is clearly in another one of Unicode's."""
    codec, notes = codec_for_name(name), (f"read as {display(name[:40])}, as --encoding says",)
    if codec.startswith(WIDE):
        if sample.isascii() and b"\0" not in sample:
            return None
        codec = codec if codec.endswith("e") else wide or f"{codec}-le"
    elif wide or not is_known(codec):
        return None
    utf8 = _damage(stream, "utf-8")
    is_same = (
        not utf8.invalid and not utf8.decoded and sample.decode(codec, "replace") == sample.decode(errors="replace")
    )
    if is_same or utf8.decoded > utf8.invalid:
        return None
    return _noted(codec, _damage(stream, codec), notes)


def _declared(stream: BinaryIO, sample: bytes, declared: Charset | None, utf8: _Damage) -> Encoding | None:
    """Return the encoding that the text declares, None where the bytes contradict it."""
    if declared is None or not is_known(declared.codec) or _is_same(declared.codec, "utf-8"):
        return None
    if not utf8.invalid and not utf8.decoded:  # ASCII, or an encoding that is written in it
        return Encoding(declared.codec) if declared.codec.startswith(_ASCII_ONLY) else Encoding("utf-8")
    damage = _damage(stream, declared.codec)
    is_utf8 = utf8.decoded >= (1 if damage.invalid or _is_single_byte(declared.codec) else _CHANCE)
    if (is_utf8 and utf8.is_small and utf8.decoded > utf8.invalid) or not damage.is_small:
        return None
    if _is_single_byte(declared.codec) and _is_misdeclared(sample, declared.codec, damage.decoded):
        return None
    return Encoding(declared.codec, notes=_damage_note(damage, declared.codec))


def _is_misdeclared(sample: bytes, declared: str, letters: int) -> bool:
    """Whether a text is clearly in another encoding; of one byte for each character any may decode it."""
    found = guess(sample)
    if found is None or _reads_like(sample, found.codec, declared):
        return False
    if declared == "cp1252":  # programs declare it whatever they write
        return found.confidence > _EVEN and (found.confidence >= SURE or letters >= _MANY)
    readings = [sample.decode(codec, "replace") for codec in (declared, found.codec)]
    as_declared, as_guessed = (misplaced_share(reading)[0] for reading in readings)
    # KOI8-R and windows-1251 have each other's small letters as capitals.
    is_inverted = _is_mostly_capitals(readings[0]) and not _is_mostly_capitals(readings[1])
    if found.confidence > _EVEN and is_inverted and as_declared > as_guessed:
        return True
    return found.confidence >= SURE and (letters >= _MANY or as_declared - as_guessed >= _WORSE)


def _is_mostly_capitals(text: str) -> bool:
    odd = [char for char in text if char > "\x7f"]
    return sum(char.isupper() for char in odd) > len(odd) / 2


def _reads_like(sample: bytes, codec: str, other: str) -> bool:
    """Whether two codecs give nearly the same text."""
    texts = sample.decode(codec, "replace"), sample.decode(other, "replace")
    odd = [pair for pair in zip(*texts, strict=False) if max(pair) > "\x7f"]
    return len(texts[0]) == len(texts[1]) and sum(a == b for a, b in odd) * 2 >= len(odd)


def _undeclared(stream: BinaryIO, sample: bytes, declared: Charset | None, utf8: _Damage) -> Encoding:
    notes = _contradiction(declared, "utf-8") if utf8.decoded else ()
    if not utf8.invalid:
        if utf8.decoded or not (found := _ascii_encoding(sample)):
            return Encoding("utf-8", notes=notes)
        return _unmarked(stream, found)
    if utf8.decoded > utf8.invalid:
        return _noted("utf-8", utf8, notes)
    if shifted := _shifted(sample):
        return _unmarked(stream, shifted)
    best = guess(sample)
    if (best is None or best.confidence <= _EVEN) and (wide := guess_wide(sample)):
        best = Guess(wide, _EVEN)
    if best is None:
        raise Skipped("binary file")
    return _guessed(best, _damage(stream, best.codec), _contradiction(declared, best.codec))


def _guessed(best: Guess, damage: _Damage, notes: tuple[str, ...]) -> Encoding:
    note = f"read as {shown_name(best.codec)}, a guess ({100 * best.confidence:.0f} % sure)"
    if best.confidence >= SURE:
        return _noted(best.codec, damage, (note, *notes))
    doubt = f"{note}; if it is in another encoding, ingest it again with --encoding NAME"
    return _noted(best.codec, damage, (doubt, *notes))._replace(doubts=(doubt,))


def _ascii_encoding(sample: bytes) -> str | None:
    """Return the encoding of ASCII bytes that stand for other characters, by the marks with which it shifts."""
    if b"\x1b$" not in sample and b"\x1b(" not in sample and b"~{" not in sample:
        return None
    if shifted := _shifted(sample):
        return shifted
    best = guess(sample)
    is_one = best is not None and best.codec.replace("_", "-").startswith(_ASCII_ONLY)
    return best.codec if best and is_one and any(c > "\x7f" for c in sample.decode(best.codec, "ignore")) else None


def _shifted(sample: bytes) -> str | None:
    """Return the codec of ISO-2022-JP, which may be damaged, by the marks before its Japanese letters."""
    if not _SHIFTS.search(sample):
        return None
    text = sample.decode(_JAPANESE, "replace")
    damaged = text.count("\ufffd")
    letters = sum(char > "\x7f" for char in text) - damaged
    return _JAPANESE if letters >= max(_CHANCE, _CHANCE * damaged) else None


def _contradiction(declared: Charset | None, codec: str) -> tuple[str, ...]:
    if declared is None or (is_known(declared.codec) and _is_same(declared.codec, codec)):
        return ()
    return (f"declares {display(declared.name[:40])}, but is {shown_name(codec)}",)


def _is_same(codec: str, other: str) -> bool:
    return codecs.lookup(codec).name == codecs.lookup(other).name


def _unmarked(stream: BinaryIO, codec: str) -> Encoding:
    """Return an encoding that the bytes show although the text does not declare it."""
    return _noted(codec, _damage(stream, codec), (f"read as {shown_name(codec)}, which it does not declare",))


def _noted(codec: str, damage: _Damage, notes: tuple[str, ...]) -> Encoding:
    return Encoding(codec, notes=(*notes, *_damage_note(damage, codec)))


def _damage_note(damage: _Damage, codec: str) -> tuple[str, ...]:
    if not damage.invalid:
        return ()
    name, offset = shown_name(codec), f"{damage.offset:,}"
    if damage.invalid == 1:
        return (f"1 byte is not valid {name} (at offset {offset}) and stands as \ufffd",)
    return (f"{damage.invalid:,} bytes are not valid {name} (the first at offset {offset}) and stand as \ufffd",)


def _is_single_byte(codec: str) -> bool:
    return len(bytes(range(128, 256)).decode(codec, "replace")) == 128


def _sample(stream: BinaryIO) -> bytes:
    """Return the first 64 KiB, or where these are ASCII, as much from shortly before the first other byte on."""
    stream.seek(0)
    piece = start = stream.read(_SAMPLE)
    offset = 0
    while piece and piece.isascii() and b"\0" not in piece and b"\x1b" not in piece:
        offset += len(piece)
        piece = stream.read(_STEP)
    if piece and offset:
        first = next(index for index, byte in enumerate(piece) if byte > 127 or byte in b"\0\x1b")
        return _sample_from(stream, offset + first)
    return _whole(start)


def _sample_from(stream: BinaryIO, offset: int) -> bytes:
    """Return 64 KiB from shortly before an offset on."""
    stream.seek(max(0, offset - _BEFORE))
    return _whole(stream.read(_SAMPLE))


def _begins_as_utf8(sample: bytes) -> bool:
    """Whether a sample is UTF-8; it may end within a character."""
    try:
        codecs.getincrementaldecoder("utf-8")().decode(sample)
    except UnicodeDecodeError:
        return False
    return True


def _whole(sample: bytes) -> bytes:
    """Cut a full sample at a line end or blank, so that it does not end within a character."""
    if len(sample) < _SAMPLE or b"\0" in sample:
        return sample
    end = max(sample.rfind(b"\n"), sample.rfind(b" "))
    return sample[: end + 1] if end > _SAMPLE // 2 else sample


def _pieces(stream: BinaryIO, start: int) -> Iterator[bytes]:
    stream.seek(start)
    return iter(lambda: stream.read(_STEP), b"")


def _damage(stream: BinaryIO, codec: str, start: int = 0) -> _Damage:
    """Decode everything from `start` on; the count is exact, in one pass if there is no damage."""
    # Half a surrogate pair is valid here: `clean` replaces it.
    lenient = "surrogatepass" if codec.startswith(WIDE) else "strict"
    try:
        return _Damage(decoded=_beyond_ascii(stream, codec, lenient, start)[1])
    except _Invalid as invalid:
        count, decoded = _beyond_ascii(stream, codec, "replace", start)
        return _Damage(max(1, count), invalid.offset, decoded)


class _Invalid(Exception):
    def __init__(self, offset: int) -> None:
        super().__init__(offset)
        self.offset = offset


def _beyond_ascii(stream: BinaryIO, codec: str, errors: str, start: int) -> tuple[int, int]:
    """Return how many characters stand for invalid bytes, and how many others are beyond ASCII. Raises _Invalid."""
    decoder = codecs.getincrementaldecoder(codec)(errors)
    invalid = decoded = 0
    offset = start
    for piece in _chained(_pieces(stream, start)):
        pending = len(decoder.getstate()[0])
        try:
            text = decoder.decode(piece, final=not piece)
        except UnicodeDecodeError as error:
            raise _Invalid(offset - pending + error.start) from None
        except UnicodeError:
            raise _Invalid(offset) from None
        offset += len(piece)
        if not text.isascii():
            bad = text.count("\ufffd")
            invalid += bad
            decoded += len(text) - len(text.encode("ascii", "ignore")) - bad
    return invalid, decoded


def _chained(pieces: Iterator[bytes]) -> Iterator[bytes]:
    yield from pieces
    yield b""
