"""Opening the file of a hit: text in the user's editor, anything else with the desktop's program."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from wherein.errors import WhereinError
from wherein.render.lead import lead_span, line_of
from wherein.render.locations import LINE_TYPES, RECORD_TYPES, record_line
from wherein.uri import display_path, display_uri, file_path

if TYPE_CHECKING:
    from wherein.search.hits import Hit

__all__ = ["open_hit"]

_PDF = "application/pdf"
_EDITED = LINE_TYPES | RECORD_TYPES | {"text/x-tex"}
_WEB = ("http://", "https://")
_HEAD_BYTES = 4096

_PATIENCE = 1.5
"""Seconds within which a program that cannot open its file fails."""
_running: list[subprocess.Popen[bytes]] = []  # Python warns of a process that is forgotten while it runs

# Editors that do not take `+LINE file`, by the names of their programs.
_CODE = ("code", "code-insiders", "codium", "vscodium", "cursor", "windsurf")
_WITH_COLON = ("subl", "sublime_text", "zed", "zeditor", "hx", "helix", "lapce")
_LINE_ARGUMENTS: dict[str, Callable[[str, int], list[str]]] = {
    **dict.fromkeys(_CODE, lambda path, line: ["--goto", f"{path}:{line}"]),
    **dict.fromkeys(_WITH_COLON, lambda path, line: [f"{path}:{line}"]),
    **dict.fromkeys(("kate", "kwrite"), lambda path, line: ["--line", str(line), path]),
}
# How PDF programs are given a page that counts from 1, by the names of their programs.
_PAGE_ARGUMENTS: dict[str, Callable[[str, int], list[str]]] = {
    **dict.fromkeys(("evince", "atril", "xreader", "papers"), lambda path, page: [f"--page-index={page}", path]),
    "okular": lambda path, page: ["--page", str(page), path],
    "zathura": lambda path, page: [f"--page={page}", path],
    "mupdf": lambda path, page: [path, str(page)],
    "xpdf": lambda path, page: [path, str(page)],
    "qpdfview": lambda path, page: ["--unique", f"{path}#{page}"],
}


def open_hit(hit: Hit, question: str) -> None:
    """Open the file of a hit: text in `$VISUAL` or `$EDITOR` at its sentence, a PDF at its page where that is possible.

    Raises WhereinError when there is no such file, and when there is nothing to open it with.
    """
    if hit.uri.startswith(_WEB):
        _launch(hit.uri.partition("#")[0], display_uri(hit.uri), hit)
        return
    path = _existing_file(hit)
    editor = os.environ.get("VISUAL") or os.environ.get("EDITOR")
    is_edited = hit.media_type in _EDITED and _is_text(path)
    if editor and is_edited:
        _edit(editor, path, _line(hit, question))
    elif not _show_page(hit, path):
        hint = "name a text editor in EDITOR, or " if is_edited else ""
        _launch(path, display_path(path), hit, hint)


def _existing_file(hit: Hit) -> str:
    path = file_path(hit.uri)
    if path is None:
        raise WhereinError(f"{display_uri(hit.uri)} is not a file; read it with: {_show_command(hit)}")
    if not os.path.exists(path):  # noqa: PTH110 - odd bytes stay
        raise WhereinError(f"{display_path(path)} is gone; read what it held with: {_show_command(hit)}")
    return path


def _is_text(path: str) -> bool:
    """Whether a file is text itself, and not an archive or the like that contains one; an unreadable one may be."""
    from wherein.ingest.readers.binary import binary_kind

    try:
        with open(path, "rb") as file:  # noqa: PTH123 - odd bytes stay
            return binary_kind(file.read(_HEAD_BYTES)) is None
    except OSError:
        return True


def _show_command(hit: Hit) -> str:
    return f"wherein documents show {hit.document}"


def _line(hit: Hit, question: str) -> int | None:
    """Return the line of the file with the sentence that answers; None where that is not known."""
    if "#" in hit.uri:
        return record_line(hit.uri)
    if hit.media_type not in LINE_TYPES | RECORD_TYPES:
        return None
    return line_of(hit, lead_span(hit, hit.text, question, None)[0])


# The user's editor.


def _edit(editor: str, path: str, line: int | None) -> None:
    try:
        command = shlex.split(editor)
    except ValueError:
        command = [editor]
    if not command:
        raise WhereinError("VISUAL and EDITOR are blank; name a program in one of them, or unset both")
    _run([*command, *_line_arguments(command[0], path, line)], "VISUAL or EDITOR")


def _line_arguments(program: str, path: str, line: int | None) -> list[str]:
    if line is None:
        return [path]
    arguments = _LINE_ARGUMENTS.get(Path(program).name)
    return arguments(path, line) if arguments else [f"+{line}", path]


def _run(command: list[str], origin: str) -> None:
    """Run a program until it ends. Raises WhereinError when it cannot be run, or fails."""
    try:
        code = subprocess.run(command, check=False).returncode
    except OSError as error:
        raise WhereinError(f"{command[0]} cannot be run: {error.strerror}; see {origin}") from None
    if code:
        raise WhereinError(f"{shlex.join(command)} ended with exit code {code}")


# The desktop's programs.


def _show_page(hit: Hit, path: str) -> bool:
    """Open a PDF at the page of a hit; return whether its program is known to take one."""
    if hit.page is None or hit.media_type != _PDF or "#" in hit.uri or not _has_display():
        return False
    program = _pdf_program()
    arguments = _PAGE_ARGUMENTS.get(program)
    if arguments is None or not shutil.which(program):
        return False
    return _starts([program, *arguments(path, hit.page)])


def _pdf_program() -> str:
    """Return the name of the desktop's program for PDFs, "" if it is not known.

    `xdg-mime` names a file, such as `org.gnome.Evince.desktop` or `okularApplication_pdf.desktop`.
    """
    try:
        done = subprocess.run(["xdg-mime", "query", "default", _PDF], capture_output=True, text=True, check=False)
    except OSError:
        return ""
    name = done.stdout.strip().removesuffix(".desktop").lower()
    return next((program for program in _PAGE_ARGUMENTS if program in name), "")


def _launch(target: str, shown: str, hit: Hit, hint: str = "") -> None:
    if not _has_display():
        raise WhereinError(f"There is no display to open {shown} on; {hint}read it with: {_show_command(hit)}")
    is_open = _starts(["xdg-open", target]) if _is_linux() else not click.launch(target)
    if not is_open:
        raise WhereinError(f"{shown} could not be opened; the desktop has no program for it, or no xdg-open")


def _has_display() -> bool:
    """Whether a program with windows can be started: on Linux that takes a display, elsewhere that is assumed."""
    return not _is_linux() or any(map(os.environ.get, ("WAYLAND_DISPLAY", "DISPLAY")))


def _is_linux() -> bool:
    return sys.platform.startswith("linux")


def _starts(command: list[str]) -> bool:
    """Start a program with windows of its own, which stays when this one ends; return False if it fails soon."""
    quiet = subprocess.DEVNULL
    try:
        process = subprocess.Popen(command, stdin=quiet, stdout=quiet, stderr=quiet, start_new_session=True)
    except OSError:
        return False
    try:
        return process.wait(_PATIENCE) == 0
    except subprocess.TimeoutExpired:
        _running.append(process)
        return True
