"""Opening the file of a hit, with programs that write down how they were called."""

import gzip
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from made_hits import made_hit
from wherein.commands.viewer import open_hit
from wherein.errors import WhereinError
from wherein.uri import file_uri

Program = Callable[..., None]


@pytest.fixture
def calls(tmp_path: Path) -> Callable[[], list[str]]:
    """Return a function that returns the arguments of the last call, the program's name first."""
    return lambda: (tmp_path / "calls").read_text().split("\n")[:-1]


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Program:
    """Put programs on the path, and nothing else."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    for name in ("VISUAL", "EDITOR", "WAYLAND_DISPLAY", "DISPLAY"):
        monkeypatch.delenv(name, raising=False)

    def add(name: str, line: str = ":") -> None:
        path = folder / name
        record = f'{{ echo {name}; for one; do echo "$one"; done; }} > {tmp_path}/new; '
        path.write_text(f"#!/bin/sh\n{record}/bin/mv {tmp_path}/new {tmp_path}/calls\n{line}\n")
        path.chmod(0o755)

    return add


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "-a b; rm 'x' $(y).txt"
    path.write_text("one\ntwo\n")
    return path


def wait_for(calls: Callable[[], list[str]]) -> list[str]:
    """Return the call of a program that runs by itself."""
    for _ in range(600):
        try:
            return calls()
        except FileNotFoundError:
            time.sleep(0.1)
    return calls()


@pytest.mark.parametrize(
    ("editor", "arguments"),
    [
        ("vim", ["+7", "{}"]),
        ("vim -R", ["-R", "+7", "{}"]),
        ("nano", ["+7", "{}"]),
        ("code --wait", ["--wait", "--goto", "{}:7"]),
        ("subl", ["{}:7"]),
        ("hx", ["{}:7"]),
        ("kate", ["--line", "7", "{}"]),
    ],
)
def test_text_is_opened_at_its_line_in_the_editor(
    program: Program, calls: Callable[[], list[str]], file: Path, monkeypatch: pytest.MonkeyPatch, editor: str,
    arguments: list[str],
) -> None:  # fmt: skip
    name = editor.split()[0]
    program(name)
    monkeypatch.setenv("EDITOR", editor)
    open_hit(made_hit("One.\nCats sleep.", uri=file_uri(str(file)), line=6), "cats")
    assert calls() == [name, *(argument.format(file) for argument in arguments)]
    program("visual")
    monkeypatch.setenv("VISUAL", "visual")
    open_hit(made_hit(uri=file_uri(str(file)), line=7), "")
    assert calls()[0] == "visual"


@pytest.mark.parametrize(
    ("media_type", "key", "arguments"),
    [
        ("application/jsonl", "#line-12", ["+12", "{}"]),
        ("application/jsonl", "#Q42", ["{}"]),
        ("text/csv", "#row-3", ["{}"]),
        ("application/json", "", ["+7", "{}"]),
        ("text/x-tex", "", ["{}"]),  # its text is not that of the file, line by line
    ],
)
def test_records_are_opened_at_the_line_that_is_known(
    program: Program, calls: Callable[[], list[str]], file: Path, monkeypatch: pytest.MonkeyPatch, media_type: str,
    key: str, arguments: list[str],
) -> None:  # fmt: skip
    program("vi")
    monkeypatch.setenv("EDITOR", "vi")
    open_hit(made_hit(uri=file_uri(str(file)) + key, line=7, media_type=media_type), "")
    assert calls() == ["vi", *(argument.format(file) for argument in arguments)]


def test_anything_else_is_opened_with_the_desktops_program(
    program: Program, calls: Callable[[], list[str]], file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program("xdg-open")
    program("vi")
    monkeypatch.setenv("EDITOR", "vi")
    monkeypatch.setenv("DISPLAY", ":0")
    for uri, target in ((file_uri(str(file)), str(file)), ("https://example.org/a%20b#k", "https://example.org/a%20b")):
        (file.parent / "calls").unlink(missing_ok=True)
        open_hit(made_hit(uri=uri, media_type="text/html"), "")
        assert wait_for(calls) == ["xdg-open", target]


@pytest.mark.parametrize(
    ("content", "key", "media_type"),
    [
        (b"PK\3\4\x14\0", "#in/notes.txt", "text/plain"),
        (b"PK\3\4\x14\0", "#rows.csv/row-3", "text/csv"),
        (gzip.compress(b"one", mtime=0), "", "text/plain"),
        (gzip.compress(b"{}", mtime=0), "#line-1", "application/jsonl"),
        (b"%PDF-1.7\n\0", "#terms.md", "text/markdown"),
    ],
)
def test_a_file_that_contains_a_text_is_not_opened_in_the_editor(
    program: Program, calls: Callable[[], list[str]], file: Path, monkeypatch: pytest.MonkeyPatch, content: bytes,
    key: str, media_type: str,
) -> None:  # fmt: skip
    program("xdg-open")
    program("vi")
    monkeypatch.setenv("EDITOR", "vi")
    monkeypatch.setenv("DISPLAY", ":0")
    file.write_bytes(content)
    open_hit(made_hit(uri=file_uri(str(file)) + key, media_type=media_type), "")
    assert wait_for(calls) == ["xdg-open", str(file)]


def test_wide_text_is_opened_in_the_editor(
    program: Program, calls: Callable[[], list[str]], file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program("vi")
    monkeypatch.setenv("EDITOR", "vi")
    file.write_text("One lease.\n", "utf-16")
    open_hit(made_hit(uri=file_uri(str(file))), "")
    assert calls() == ["vi", "+1", str(file)]


@pytest.mark.parametrize(
    ("desktop", "name", "arguments"),
    [
        ("org.gnome.Evince.desktop", "evince", ["--page-index=12", "{}"]),
        ("okularApplication_pdf.desktop", "okular", ["--page", "12", "{}"]),
        ("org.pwmt.zathura-pdf-mupdf.desktop", "zathura", ["--page=12", "{}"]),
        ("firefox.desktop", "xdg-open", ["{}"]),
    ],
)
def test_a_pdf_is_opened_at_its_page_where_the_program_takes_one(
    program: Program, calls: Callable[[], list[str]], file: Path, monkeypatch: pytest.MonkeyPatch, desktop: str,
    name: str, arguments: list[str],
) -> None:  # fmt: skip
    monkeypatch.setenv("WAYLAND_DISPLAY", "wayland-0")
    program("xdg-mime", f"echo {desktop}")
    program("xdg-open")
    program(name)
    pdf = made_hit(uri=file_uri(str(file)), media_type="application/pdf", page=12)
    open_hit(pdf, "")
    for _ in range(600):
        if wait_for(calls)[0] == name:
            break
    assert wait_for(calls) == [name, *(argument.format(file) for argument in arguments)]


@pytest.mark.parametrize(
    ("hit", "variables", "sentence"),
    [
        ({"uri": "file:///nowhere/a.txt"}, {"EDITOR": "vi"},
         "/nowhere/a.txt is gone; read what it held with: wherein documents show 1"),
        ({"uri": "stdin:memo"}, {}, "stdin:memo is not a file; read it with: wherein documents show 1"),
        ({}, {"EDITOR": "no-such-editor -x"}, "no-such-editor cannot be run: No such file or directory; see VISUAL"),
        ({}, {"EDITOR": " "}, "VISUAL and EDITOR are blank"),
        ({}, {"EDITOR": "false"}, "ended with exit code 1"),
        ({}, {}, "There is no display to open {} on; name a text editor in EDITOR, or read it with: wherein documents"),
        ({"media_type": "text/html"}, {"EDITOR": "vi"}, "There is no display to open {} on; read it with: wherein"),
        ({"media_type": "text/html"}, {"DISPLAY": ":0"}, "{} could not be opened; the desktop has no program for it"),
        ({"uri": "https://example.org/"}, {}, "There is no display to open https://example.org/ on; read it with: w"),
    ],
)  # fmt: skip
def test_what_cannot_be_opened_is_explained_in_a_sentence(
    program: Program, file: Path, monkeypatch: pytest.MonkeyPatch, hit: dict[str, object], variables: dict[str, str],
    sentence: str,
) -> None:  # fmt: skip
    program("false", "exit 1")
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(WhereinError) as raised:
        open_hit(made_hit(**{"uri": file_uri(str(file)), **hit}), "")
    assert sentence.format(file) in str(raised.value)
