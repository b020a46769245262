"""Draw `wherein query` in a terminal as an SVG: python docs/pictures.py LIBRARY [WIDTH THEME FILE.svg].

LIBRARY is one made by `wherein ingest 'docs/**/*.md'`. The command runs in a pseudo-terminal of WIDTH columns (80), and
rich draws its output in THEME (light or dark). Without further arguments the README's picture is written.
"""

import fcntl
import io
import os
import pty
import struct
import subprocess
import sys
import termios
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import DEFAULT_TERMINAL_THEME, MONOKAI, TerminalTheme
from rich.text import Text

THEMES = {"dark": MONOKAI, "light": DEFAULT_TERMINAL_THEME}
QUESTION = "how is damage repaired?"
# Rich's format without its web fonts, so that viewing the picture loads nothing.
FORMAT = """\
<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg">
<style>
.{unique_id}-matrix {{ font-family: monospace; font-size: {char_height}px; line-height: {line_height}px; }}
{styles}
</style>
<defs><clipPath id="{unique_id}-clip-terminal"><rect x="0" y="0" width="{terminal_width}" height="{terminal_height}"/>\
</clipPath>{lines}</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">{matrix}</g>
</g>
</svg>
"""


def output(command: list[str], columns: int) -> str:
    """Return what a command prints to a terminal of 24 rows that is `columns` wide."""
    terminal, screen = pty.openpty()
    fcntl.ioctl(screen, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    environment = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "COLUMNS")}
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=screen, stderr=screen, env={**environment, "TERM": "xterm-256color"}
    ):
        os.close(screen)
        read = bytearray()
        try:
            while part := os.read(terminal, 65_536):
                read += part
        except OSError:  # Linux: the other end was closed
            pass
    os.close(terminal)
    return read.decode().replace("\r\n", "\n")


def picture(text: str, columns: int, theme: TerminalTheme, title: str) -> str:
    """Return the SVG of a terminal that shows `text`."""
    console = Console(record=True, width=columns, file=io.StringIO(), force_terminal=True, legacy_windows=False)
    console.print(Text.from_ansi(text))
    return console.export_svg(title=title, theme=theme, code_format=FORMAT, unique_id="wherein")


def main(library: str, width: str = "80", theme: str = "light", path: str = "docs/pictures/query.svg") -> None:
    """Write the picture of a question to `library`."""
    query = ["query", QUESTION, "-n", "3"]
    text = output([str(Path(sys.executable).with_name("wherein")), "--library", library, *query], int(width))
    drawn = picture(text, int(width), THEMES[theme], f'wherein query "{QUESTION}" -n 3')
    Path(path).write_text(drawn, encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
