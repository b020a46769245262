"""The nightly reindex as a service and a timer of systemd's."""

import re
from pathlib import Path

__all__ = ["UNITS", "systemd"]

_PLAIN = re.compile(r"[\w/.:,@+=-]+")
_ESCAPED = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "%": "%%", "$": "$$"})

UNITS = {
    # A library that another process writes to (4) is no failure of the night: that one catches up. Documents that could
    # not be read (3) are listed in the report.
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
"""Text by the name of the file, in ~/.config/systemd/user/; `{command}` is how the program is called."""


def systemd(program: str, library: Path) -> str:
    """Return the units, each under the path it belongs to, for the console script `program` and a library's folder."""
    words = [_word(str(Path(program).absolute())), "--library", _word(str(library.absolute()))]
    texts = [f"# ~/.config/systemd/user/{name}\n{text.format(command=' '.join(words))}" for name, text in UNITS.items()]
    return "\n".join(texts)


def _word(text: str) -> str:
    """Return a word as ExecStart takes it: quoted where it has to be, without specifiers (systemd.service(5))."""
    escaped = text.translate(_ESCAPED)
    return text if _PLAIN.fullmatch(text) else f'"{escaped}"'
