"""What `wherein reindex` prints and installs so that it is run every night."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
from pathlib import Path

import click

from wherein.commands.options import GlobalOptions
from wherein.embed.models.installed import MODELS_VARIABLE, is_model_path, models_folder
from wherein.errors import UsageError
from wherein.storage.disk.locations import is_milvus
from wherein.streams import print_bytes

__all__ = [
    "folder_variables", "install_systemd", "nightly_command", "print_cron", "print_systemd", "program_with_options",
]  # fmt: skip

_UNTIL = "06:00"
# The folders by which models and what is compiled of them are found; the library is named by an option.
_FOLDER_VARIABLES = (MODELS_VARIABLE, "XDG_DATA_HOME", "XDG_CACHE_HOME")
_LINGER = "Your units run only while you are logged in; to have them run every night: loginctl enable-linger"


def nightly_command(
    options: GlobalOptions, model: str | None, until: str | None, others: Mapping[str, str | bool | None]
) -> list[str]:
    """Return the words of a command that works in any folder and without the user's PATH.

    `until` is by default 06:00; of `others` each option with a value, or that is True, is added. Raises UsageError when
    `until` is a date, which comes only once.
    """
    if until is not None and "-" in until:
        raise UsageError("--until must be a time of day, such as 06:00, in a command that is run every night")
    words = [*program_with_options(options), "reindex", *_given("--model", _model(model)), "--until", until or _UNTIL]
    for name, value in others.items():
        words += _given(name, value)
    return words


def program_with_options(options: GlobalOptions) -> list[str]:
    """Return the words of this program and of the options before a command, as they work in any folder."""
    words = [*_program(), "--library", _place(options.folder)]
    words += _given("--precision", None if options.precision == "auto" else options.precision)
    words += _given("--model", _model(options.model))
    words += _given("--threads", str(options.threads) if options.threads else None)
    words += _given("--jobs", None if options.jobs is None else str(options.jobs))
    words += _given("--device", options.device)
    return words


def _place(folder: Path) -> str:
    """Return the path of a library from the root, or the address of one in Milvus."""
    if not is_milvus(folder):
        return os.path.abspath(folder)  # noqa: PTH100 - as it was named, links too
    from wherein.storage.store.milvus.address import parse_address

    return parse_address(str(folder)).written


def print_cron(words: list[str]) -> None:
    """Print the line of a crontab."""
    from wherein.crontab import format_line

    print_bytes(os.fsencode(format_line(words, folder_variables())))


def print_systemd(words: list[str]) -> None:
    """Print each unit under a comment with its path."""
    from wherein.systemd import format_units, units_folder

    for name, text in format_units(words, folder_variables()).items():
        click.echo(f"# {units_folder() / name}\n{text}", nl=name.endswith(".service"))


def install_systemd(words: list[str]) -> None:
    """Write the units and enable them."""
    from wherein.systemd import TIMER, format_units, install_units, lingers, units_folder

    for sentence in install_units(format_units(words, folder_variables()), units_folder()):
        click.echo(sentence)
    click.echo(f"{TIMER} is enabled; see: systemctl --user list-timers")
    if not lingers():
        click.echo(_LINGER)


def _program() -> list[str]:
    """Return what starts this program: its console script, else the interpreter with the module."""
    script = sys.argv[0]
    if os.path.basename(script) != "__main__.py":  # noqa: PTH119 - else it was started by `python -m wherein`
        path = script if os.path.dirname(script) else shutil.which(script)  # noqa: PTH120
        if path is not None and os.access(path, os.X_OK) and Path(path).is_file():
            return [os.path.abspath(path)]  # noqa: PTH100 - a link outlives the version that it leads to
    return [os.path.abspath(sys.executable), "-m", "wherein"]  # noqa: PTH100 - the link decides the environment


def _given(name: str, value: str | bool | None) -> list[str]:
    if value is True:
        return [name]
    return [name, value] if isinstance(value, str) else []


def _model(name: str | None) -> str | None:
    """Return a model's name as it is, and the path of its folder as an absolute one; see `find_model`."""
    if name is None:
        return None
    folder = os.path.expanduser(name)  # noqa: PTH111 - a home may be unknown
    if is_model_path(name) or (not (models_folder() / name).is_dir() and (Path(folder) / "model.json").exists()):
        return os.path.abspath(folder)  # noqa: PTH100
    return name


def folder_variables() -> dict[str, str]:
    """Return the variables that decide which models are found."""
    return {name: os.path.abspath(value) for name in _FOLDER_VARIABLES if (value := os.environ.get(name))}  # noqa: PTH100
