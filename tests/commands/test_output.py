"""What commands print: JSON, tables, sizes and times."""

import io
import json
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wherein.commands.output import (
    describe_finding,
    describe_unknown_tokens,
    display_path,
    display_uri,
    format_duration,
    format_size,
    format_time,
    format_value,
    print_event,
    print_json,
    print_nested,
    print_table,
    warn,
)
from wherein.storage.repair.findings import Finding
from wherein.uri import file_uri


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0.0 KB"),
        (49, "0.0 KB"),
        (1_550, "1.6 KB"),
        (999_999, "1,000.0 KB"),
        (1_000_000, "1.0 MB"),
        (41_884_996, "41.9 MB"),
        (1_000_000_000, "1.0 GB"),
        (2_345_678_900_000, "2,345.7 GB"),
    ],
)
def test_sizes_have_powers_of_1000(count: int, text: str) -> None:
    assert format_size(count) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0:00:00"), (0.4, "0:00:00"), (59.6, "0:01:00"), (3_599, "0:59:59"), (3_600, "1:00:00"), (90_061, "25:01:01")],
)
def test_durations_have_hours_minutes_and_seconds(seconds: float, text: str) -> None:
    assert format_duration(seconds) == text


@given(st.integers(0, 10**7))
def test_a_duration_is_that_many_seconds(seconds: int) -> None:
    hours, minutes, rest = map(int, format_duration(seconds).split(":"))
    assert 3_600 * hours + 60 * minutes + rest == seconds
    assert max(minutes, rest) < 60


def test_values() -> None:
    assert [format_value(value) for value in (True, False, 0, 1_234_567, 0.5, None, "text")] == [
        "yes",
        "no",
        "0",
        "1,234,567",
        "0.5",
        "None",
        "text",
    ]
    assert format_time("2026-03-04T05:06:07.890123+00:00") == "2026-03-04 05:06:07 UTC"
    assert describe_unknown_tokens(12, 4_800) == "12 of them unknown to the model (0.25%)"
    assert describe_unknown_tokens(0, 0) == "0 of them unknown to the model (0.00%)"


def test_a_table_has_columns_as_wide_as_their_widest_cell(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("name", "n"), [("a", 1), ("longer", ""), ("", 300)])
    assert capsys.readouterr().out == "name    n\na       1\nlonger\n        300\n"
    print_table(("name", "n"), [])
    assert capsys.readouterr().out == "name  n\n"


def test_nested_fields_are_indented(capsys: pytest.CaptureFixture[str]) -> None:
    print_nested({"question_tokens": 1_000, "inputs": ["a", "b"], "files": {"model.xml": {"sha256": "00"}}, "ok": True})
    assert capsys.readouterr().out.splitlines() == [
        "question tokens:     1,000",
        "inputs:              a, b",
        "files:",
        "  model.xml:",
        "    sha256:          00",
        "ok:                  yes",
    ]


def test_json_is_one_line_with_the_schema_and_without_escapes(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"text": "é\n🙂"})
    print_event("progress", {"documents": 1})
    first, second = capsys.readouterr().out.splitlines()
    assert first == '{"schema": 1, "text": "é\\n🙂"}'
    assert json.loads(second) == {"event": "progress", "schema": 1, "documents": 1}


@pytest.mark.parametrize(
    ("encoding", "text", "line"),
    [
        ("latin-1", "gr\u00f6\u00df", b'{"schema": 1, "text": "gr\\u00f6\\u00df"}\n'),
        ("utf-16-le", "a", b'{"schema": 1, "text": "a"}\n'),
        ("utf-8", "\u00f6", b'{"schema": 1, "text": "\xc3\xb6"}\n'),
        ("utf-8", "\udce9", b'{"schema": 1, "text": "\\udce9"}\n'),
    ],
)
def test_json_is_ascii_where_it_would_not_be_utf_8(
    monkeypatch: pytest.MonkeyPatch, encoding: str, text: str, line: bytes
) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(raw, encoding))
    print_json({"text": text})
    sys.stdout.flush()
    written = raw.getvalue()
    assert (written.decode(encoding).encode() if encoding == "utf-16-le" else written) == line


def test_a_warning_goes_to_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    warn("the question is too long")
    assert capsys.readouterr() == ("", "wherein: the question is too long\n")


def test_paths_below_the_current_folder_are_relative(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    beside = f"{tmp_path}-beside/a.txt"
    for path, shown in {
        f"{tmp_path}/a b.txt": "a b.txt",
        f"{tmp_path}/new\nline": "new\\nline",
        f"{tmp_path}/\udcff.txt": "\\xff.txt",
        beside: beside,
        str(tmp_path): str(tmp_path),
    }.items():
        assert display_path(path) == shown
        assert display_uri(file_uri(path)) == shown
    assert display_uri(f"{file_uri(f'{tmp_path}/a.jsonl')}#7") == "a.jsonl#7"
    assert display_uri("https://example.org/a%20b#c") == "https://example.org/a%20b#c"
    assert display_uri("stdin:\x1b[31m") == "stdin:\\x1b[31m"


def test_a_finding_says_whether_it_is_damage() -> None:
    finding = Finding("index", "file:///l/000001.faiss", "it is missing", "run: wherein repair")
    assert describe_finding(finding) == "damaged: index: /l/000001.faiss: it is missing; run: wherein repair"
    harmless = Finding("compiled model", "/c/x.blob", "it is damaged", "nothing to do", True)
    assert describe_finding(harmless) == "note: compiled model: /c/x.blob: it is damaged; nothing to do"


@pytest.mark.parametrize(
    ("message", "shown"),
    [
        ("There is no model m\udcff", "There is no model m\\xff"),
        ("a\x1b[31m and \u202eb", "a\\x1b[31m and \\u202eb"),
        ("In --where:\n  größe >\n  ^", "In --where:\n  größe >\n  ^"),
    ],
)
def test_a_warning_shows_names_as_listings_do(capsys: pytest.CaptureFixture[str], message: str, shown: str) -> None:
    warn(message)
    assert capsys.readouterr().err == f"wherein: {shown}\n"
