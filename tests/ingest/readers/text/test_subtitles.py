"""Subtitles: the spoken text alone."""

import pytest

from text_files import read, reason
from wherein.ingest.readers.shared.skipped import Skipped

SRT = "1\n00:00:01,000 --> 00:00:02,500\nThe <i>boiler</i>\nis cold\n\n2\n00:00:03,000 --> 00:00:04,000\nin 1984.\n"
VTT = """WEBVTT - Title

NOTE not spoken

STYLE
::cue { color: red }

intro
00:01.000 --> 00:04.000 align:start
<v Ann Quince>Is it <b>cold</b>?
- No &amp; yes: 1 < 2

00:00:05.000 --> 00:00:06.000
<c.loud><00:00:05.500>Bye</c>
"""
ASS = """[Script Info]
Title: x

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
Comment: 0,0:00:00.00,0:00:01.00,Default,,0,0,0,,not spoken
Dialogue: 0,0:00:01.00,0:00:02.00,Default,,0,0,0,,{\\pos(1,2)}Well, yes,\\Nof course
"""


@pytest.mark.parametrize(
    ("name", "source", "text"),
    [
        ("a.srt", SRT, "The boiler is cold\nin 1984."),
        ("a.srt", SRT.replace("\n", "\r\n"), "The boiler is cold\nin 1984."),
        ("a.srt", SRT.replace("in 1984.", "Dialogue: in, 1984."), "The boiler is cold\nDialogue: in, 1984."),
        ("a.vtt", VTT, "Ann Quince: Is it cold? - No & yes: 1 < 2\nBye"),
        ("a.ass", ASS, "Well, yes, of course"),
        (
            "a.sbv",
            "0:00:01.000,0:00:02.000\nThe boiler\nis cold\n\n0:00:03.000,0:00:04.000\nat 1:2",
            "The boiler is cold\nat 1:2",
        ),
        ("a.sbv", "0:00:01.000,0:00:02.000\r\nplain", "plain"),
        ("a.sbv", "0:00:01.000, as he said\nplain", "0:00:01.000, as he said\nplain"),
    ],
)
def test_spoken_text(name: str, source: str, text: str) -> None:
    assert read(source.encode(), name).text == text


def test_encodings() -> None:
    source = "1\n00:00:01,000 --> 00:00:02,500\nПривет, как дела сегодня утром?\n"
    assert read(source.encode("cp1251"), "a.srt").text == "Привет, как дела сегодня утром?"
    assert read(source.encode("utf-16"), "a.srt").text == "Привет, как дела сегодня утром?"


def test_blank_lines_within_a_cue() -> None:
    times = "00:00:0%d,000 --> 00:00:0%d,500\n"
    cues = f"by X\n\n1\n\n{times % (1, 1)}Is it\n\ncold?\n\n2\n{times % (2, 2)}No\n\nand\n3\n{times % (3, 3)}yes"
    assert read(cues.encode(), "a.srt").text == "Is it\ncold?\nNo\nand\nyes"


def test_no_text() -> None:
    assert reason(b"1\n00:00:01,000 --> 00:00:02,500\n\n", "a.srt", Skipped) == "no text"


def test_cues_without_a_blank_line_between_them() -> None:
    times = b"00:00:0%d,000 --> 00:00:0%d,500\n"
    cues = b"1\n" + times % (1, 1) + b"Has 3\nlegs\n2\n" + times % (2, 2) + b"and\n4711\n" + times % (3, 3) + b"12\n"
    assert read(cues, "a.srt").text == "Has 3 legs\nand\n12"
