"""Subtitles (SubRip, WebVTT, SubViewer, Advanced SubStation): the spoken text, a line for each time that it changes."""

import html
import re
from collections.abc import Iterator
from typing import BinaryIO

from wherein.ingest.document import Document, Problem
from wherein.ingest.readers.reader import NO_CONTEXT, ReadContext, text_reader
from wherein.ingest.readers.shared.decode import decode, name_as_title, require_text

__all__ = ["READER", "read"]

_MEDIA_TYPE = "application/x-subrip"
_BLANK_LINE = re.compile(r"\n[ \t]*\n")
_TIMES = re.compile(
    r"^[ \t]*(?:(?:\d+:)?\d+:\d+[.,]\d+[ \t]*-->.*|\d+:\d\d:\d\d\.\d+,\d+:\d\d:\d\d\.\d+[ \t]*)$", re.MULTILINE
)
_NUMBER = re.compile(r"(?<=\n)[ \t]*\d+[ \t]*\n\Z")
_WEB = "WEBVTT"
_VOICE = re.compile(r"<v(?:\.[^\s>]*)?[ \t]+([^>]+)>")
# `<i>`, `<00:01.000>`, `{\an8}` and `{y:i}`; a blank after the angle bracket makes it a sign of comparison.
_MARKUP = re.compile(r"</?[A-Za-z\d][^<>\n]*>|\{(?:\\|[a-zA-Z]:)[^{}\n]*\}")
_DIALOGUE = re.compile(r"^Dialogue:(.*)$", re.MULTILINE)
_FORMAT = re.compile(r"^\[Events\]\s*^Format:(.*)$", re.MULTILINE)
_TEXT_FIELD = 9
_ASS_BREAK = re.compile(r"\\[Nnh]")


def read(stream: BinaryIO, name: str, context: ReadContext = NO_CONTEXT) -> Iterator[Document | Problem]:
    """Yield the file as one document; see `Reader` for the errors."""
    decoded = decode(stream.read(), context.encoding)
    source = decoded.text.replace("\r\n", "\n").replace("\r", "\n")
    is_timed = _TIMES.search(source) is not None  # then a line that begins with "Dialogue:" is spoken
    lines = _cues(source) if is_timed else _dialogues(source)
    text = "\n".join(filter(None, map(_spoken, lines))) or ("" if is_timed else source)
    require_text(text)
    yield decoded.annotate(Document(name_as_title(name), text, _MEDIA_TYPE))


def _cues(source: str) -> Iterator[str]:
    """Yield the text of each cue: what follows its times, up to the times of the next cue.

    Blank lines may be within a text, except in WebVTT, where they end it: notes and styles may follow.
    """
    is_web = source.startswith(_WEB)
    is_first = True
    for block in _BLANK_LINE.split(source):
        # The number before the times of a cue ends the text of the previous cue.
        before, *texts = _TIMES.split(block)
        if not (is_first or is_web or before.strip().isdecimal()):
            yield _NUMBER.sub("", before) if texts else before
        yield from (_NUMBER.sub("", text) for text in texts[:-1])
        yield from texts[-1:]
        is_first = is_first and not texts


def _dialogues(source: str) -> Iterator[str]:
    """Yield the last field of each event, which may hold commas itself."""
    declared = _FORMAT.search(source)
    fields = len(declared[1].split(",")) - 1 if declared else _TEXT_FIELD
    for match in _DIALOGUE.finditer(source):
        yield _ASS_BREAK.sub(" ", match[1].split(",", fields)[-1])


def _spoken(cue: str) -> str:
    return " ".join(html.unescape(_MARKUP.sub("", _VOICE.sub(r"\1: ", cue))).replace("\0", "\ufffd").split())


READER = text_reader("subtitles", 3, _MEDIA_TYPE, read)
