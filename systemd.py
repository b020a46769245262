"""systemd units that run `wherein reindex` every night; `contrib/` holds the same for a program in ~/.local/bin."""

import re
from pathlib import Path

__all__ = ["UNITS", "format_units"]

_UNQUOTED = re.compile(r"[\w/.:,@+=-]+")
_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "%": "%%", "$": "$$"})

UNITS = {
    # Exit code 4, another process is writing to the library, is no failure: that process does the work. 3 means that
    # some documents could not be read; the report lists them.
    "wherein-reindex.service": """\
[Unit]
Description=Catch up with the sources of the Wherein library

[Service]
Type=oneshot
ExecStart={command} reindex --until 06:00
SuccessExitStatus=3 4
Nice=19
IOSchedulingClass=idle
CPUSchedulingPolicy=batch
TimeoutStopSec=30
""",
    # Persistent: a night that the machine was switched off is made up for after its start (systemd.timer(5)).
    "wherein-reindex.timer": """\
[Unit]
Description=Catch up with the sources of the Wherein library every night

[Timer]
OnCalendar=*-*-* 02:30
RandomizedDelaySec=15m
Persistent=true

[Install]
WantedBy=timers.target
""",
}
"""The content of each unit by its file name; `{command}` stands for the program and its global options."""


def format_units(program: str, library: Path) -> str:
    """Return the units, each under a comment with its path, for the console script `program` and a library's folder."""
    # systemd runs the program in no particular folder, so that paths have to be absolute.
    words = [_quote(str(Path(program).absolute())), "--library", _quote(str(library.absolute()))]
    command = " ".join(words)
    return "\n".join(f"# ~/.config/systemd/user/{name}\n{text.format(command=command)}" for name, text in UNITS.items())


def _quote(word: str) -> str:
    """Return a word for ExecStart=: quoted if necessary, with `%` and `$` escaped (systemd.service(5))."""
    return word if _UNQUOTED.fullmatch(word) else f'"{word.translate(_ESCAPES)}"'
