"""Tesseract, the program that recognizes text in a picture: https://tesseract-ocr.github.io/tessdoc/Command-Line-Usage.html.

It is run once for each picture, as a process of its own, which inherits the memory limit of the worker.
"""

import os
import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import groupby
from shutil import which
from typing import NamedTuple

from wherein.errors import Unreadable
from wherein.ingest.readers.ocr.picture import DPI, Picture
from wherein.ingest.readers.shared.decode import clean

__all__ = ["SECONDS", "Recognized", "default_languages", "installed_languages", "obstacle", "recognize"]

SECONDS = 40
"""Seconds that one picture may take; a worker may be silent for 60."""

_PROGRAM = "tesseract"
_LISTING_SECONDS = 10
_LAYOUT_BY_ITSELF, _LAYOUT_AND_ORIENTATION = "3", "1"  # --psm
_ORIENTATION = "osd"
_NOT_LANGUAGES = frozenset((_ORIENTATION, "equ", "snum"))
_MAX_DEFAULT = 3
_WORD_LEVEL = "5"
# Below these, Tesseract guesses at what is not text: a leaf, a hatching, the grain of a photograph.
_SURE_WORD, _SURE_LINE, _SURE_PICTURE = 30.0, 50.0, 60.0
_LEAST_LETTERS = 2
_HYPHEN_AT_END = re.compile(r"(?<=[^\W\d_])[-‐]\n(?=[^\W\d_])(?![A-ZÄÖÜ])")


@dataclass(frozen=True)
class Recognized:
    """The text of a picture, "" for one without, and how sure Tesseract is of its characters (0 to 1)."""

    text: str = ""
    confidence: float = 0.0


class _Word(NamedTuple):
    """A row of Tesseract's TSV: a word, its position, and how sure Tesseract is of it (0 to 100)."""

    block: int
    paragraph: int
    line: int
    text: str
    confidence: float


def obstacle(languages: str) -> str:
    """Return what a user has to install before pictures can be read in these languages; "" when nothing is missing."""
    if not installed_languages():
        return "install Tesseract to read text in pictures: apt install tesseract-ocr"
    missing = [name for name in languages.split("+") if name and name not in installed_languages()]
    if not missing:
        return ""
    packages = " ".join(f"tesseract-ocr-{name.rpartition('/')[2].lower().replace('_', '-')}" for name in missing)
    return f"Tesseract lacks the language {', '.join(missing)}: apt install {packages}"


@cache
def installed_languages() -> tuple[str, ...]:
    """Return the codes of the languages that Tesseract can read, such as `deu`; none where it is not installed."""
    return tuple(name for name in _listed() if name not in _NOT_LANGUAGES)


def default_languages() -> str:
    """Return all installed languages, joined by `+`; English alone when there are more than a few."""
    # Each language takes its time, and a user who installs one has texts in it.
    languages = [name for name in installed_languages() if "/" not in name]
    if len(languages) > _MAX_DEFAULT and "eng" in languages:
        return "eng"
    return "+".join(languages[:_MAX_DEFAULT])


def recognize(picture: Picture, languages: str) -> Recognized:
    """Return the text of a picture in these languages, joined by `+`; "" stands for `default_languages`.

    Raises Unreadable when Tesseract fails, or takes longer than `SECONDS`.
    """
    layout = _LAYOUT_AND_ORIENTATION if _ORIENTATION in _listed() else _LAYOUT_BY_ITSELF
    command = [
        _PROGRAM, "stdin", "stdout", "-l", languages or default_languages(), "--psm", layout, "--dpi", str(DPI), "tsv"
    ]  # fmt: skip
    try:
        done = subprocess.run(
            command, input=picture.as_pnm(), capture_output=True, timeout=SECONDS, check=True,
            # Workers are the processes that read at the same time; more threads for each would only wait.
            env={**os.environ, "OMP_THREAD_LIMIT": "1"},
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise Unreadable(f"takes longer than {SECONDS} s to recognize") from None
    except (OSError, subprocess.SubprocessError):
        raise Unreadable("Tesseract fails to recognize it") from None
    return _recognized(list(_words(done.stdout.decode(errors="replace"))))


@cache
def _listed() -> tuple[str, ...]:
    if which(_PROGRAM) is None:
        return ()
    try:
        done = subprocess.run(
            [_PROGRAM, "--list-langs"], capture_output=True, timeout=_LISTING_SECONDS, check=True, text=True
        )
    except (OSError, ValueError, subprocess.SubprocessError):
        return ()
    return tuple(line.strip() for line in done.stdout.splitlines()[1:] if line.strip())


def _words(table: str) -> Iterator[_Word]:
    for row in table.splitlines()[1:]:
        level, _, block, paragraph, line, *_, confidence, text = row.split("\t", 11)
        if level == _WORD_LEVEL and text.strip() and float(confidence) >= _SURE_WORD:
            yield _Word(int(block), int(paragraph), int(line), text.strip(), float(confidence))


def _recognized(words: list[_Word]) -> Recognized:
    """Return the lines that Tesseract is sure of; blocks and paragraphs are joined by an empty line."""
    lines = [list(line) for _, line in groupby(words, key=lambda word: word[:3])]
    sure = [word for line in lines if _confidence(line) >= _SURE_LINE for word in line]
    confidence = _confidence(sure)
    if confidence < _SURE_PICTURE or sum(map(str.isalnum, "".join(word.text for word in sure))) < _LEAST_LETTERS:
        return Recognized()
    paragraphs = (_lines(list(part)) for _, part in groupby(sure, key=lambda word: word[:2]))
    return Recognized(clean("\n\n".join(paragraphs)), confidence / 100)


def _lines(words: list[_Word]) -> str:
    lines = (" ".join(word.text for word in line) for _, line in groupby(words, key=lambda word: word.line))
    return _HYPHEN_AT_END.sub("", "\n".join(lines))


def _confidence(words: list[_Word]) -> float:
    """Return the mean confidence of the characters."""
    return sum(len(word.text) * word.confidence for word in words) / max(1, sum(len(word.text) for word in words))
