"""systemd units that run `wherein reindex` every night; `contrib/` holds the same for a program in ~/.local/bin."""

import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from wherein.errors import UsageError, WhereinError

__all__ = ["TIMER", "UNITS", "format_units", "install_units", "lingers", "units_folder"]

_UNQUOTED = re.compile(r"[\w/.:,@+=-]+", re.ASCII)
_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "%": "%%"})
_SECONDS = 60

TIMER = "wherein-reindex.timer"
UNITS = {
    # Exit code 4, another process is writing to the library, is no failure: that process does the work. 3 means that
    # some documents could not be read; the report lists them.
    "wherein-reindex.service": """\
[Unit]
Description=Catch up with the sources of the Wherein library

[Service]
Type=oneshot
{environment}ExecStart={command}
SuccessExitStatus=3 4
Nice=19
IOSchedulingClass=idle
CPUSchedulingPolicy=batch
TimeoutStopSec=30
""",
    # Persistent: a night that the machine was switched off is made up for after its start (systemd.timer(5)).
    TIMER: """\
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
"""The content of each unit by its file name; `{command}` stands for the command, `{environment}` for its variables."""


def format_units(words: Sequence[str], environment: Mapping[str, str]) -> dict[str, str]:
    """Return the content of each unit by its file name, for a command that begins with the path of its program.

    Raises UsageError for a word that no unit can hold.
    """
    for word in (*words, *environment.values()):
        _require_printable(word)
    # systemd runs no program whose path has a quote or a backslash, and does not look for variables in it: `env` does.
    program = [] if _UNQUOTED.fullmatch(words[0]) else ["/usr/bin/env"]
    command = " ".join(_quote(word.replace("$", "$$")) for word in (*program, *words))
    variables = "".join(f"Environment={_quote(f'{name}={value}')}\n" for name, value in environment.items())
    return {name: text.format(command=command, environment=variables) for name, text in UNITS.items()}


def units_folder() -> Path:
    """Return the folder of the user's units (systemd.unit(5))."""
    configuration = os.environ.get("XDG_CONFIG_HOME") or "~/.config"
    return Path(os.path.expanduser(configuration)) / "systemd" / "user"  # noqa: PTH111 - a home may be unknown


def install_units(units: Mapping[str, str], folder: Path) -> list[str]:
    """Write the units, enable and start the timer, and return a sentence for each file.

    Raises WhereinError when they cannot be written; or enabled: then its message says what to run.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        sentences = [_write(folder / name, text) for name, text in units.items()]
    except OSError as error:
        raise WhereinError(f"The units cannot be written to {folder}: {error.strerror}") from error
    commands = (["systemctl", "--user", "daemon-reload"], ["systemctl", "--user", "enable", "--now", TIMER])
    for command in commands:
        if reason := _failure(command):
            todo = " && ".join(map(" ".join, commands))
            raise WhereinError(f"The units are in {folder}, but not enabled ({reason}); as that user run: {todo}")
    return sentences


def lingers() -> bool:
    """Whether the user's units also run while the user is not logged in; False where that is not known."""
    try:
        done = subprocess.run(
            ["loginctl", "show-user", str(os.getuid()), "--property=Linger", "--value"],
            capture_output=True, text=True, timeout=_SECONDS, check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.stdout.strip() == "yes"


def _write(path: Path, text: str) -> str:
    before = path.read_bytes() if path.exists() else None
    path.write_text(text, "utf-8")
    if before is None:
        return f"{path} is written"
    return f"{path} is unchanged" if before == text.encode() else f"{path} is replaced"


def _failure(command: Sequence[str]) -> str:
    """Run a command; return why it failed in a few words, "" when it did not."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return "there is no systemctl here" if isinstance(error, FileNotFoundError) else f"{command[0]}: {error}"
    if not done.returncode:
        return ""
    return next(iter(done.stderr.strip().splitlines()), f"{command[0]} ended with {done.returncode}")


def _require_printable(word: str) -> None:
    try:
        word.encode()
    except UnicodeEncodeError:
        raise UsageError(f"A systemd unit cannot hold {word!a}, which is not UTF-8; use --print-cron") from None
    if any(ord(character) < 32 or ord(character) == 127 for character in word):
        raise UsageError(f"A systemd unit cannot hold {word!a}, which has a control character; rename it")


def _quote(word: str) -> str:
    """Return a word as it is quoted in ExecStart= and Environment= (systemd.syntax(7)); its `$` is left as it is."""
    return word if _UNQUOTED.fullmatch(word) else f'"{word.translate(_ESCAPES)}"'
