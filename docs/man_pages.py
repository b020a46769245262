"""The manual pages, made from the program: one for each command, with the text of its --help. See `generate.py`."""

import re
import tomllib
from collections.abc import Iterable, Iterator
from inspect import cleandoc
from pathlib import Path

import click

__all__ = ["man_page"]

_PROJECT = Path(__file__).parent.parent / "pyproject.toml"

# Not `click-man`: it neither escapes text nor finds commands that are imported when they are asked for.

_EXIT_STATUS = {
    "0": "done; a question without hits is also 0",
    "1": "error",
    "2": "wrong usage; nothing was done",
    "3": "some files failed, each listed with its reason",
    "4": "another process is writing to the library",
    "5": "a file is damaged",
    "6": "the library was made with another model or precision; with --require-fresh, no hit is fresh",
    "130": "interrupted; work already done is kept",
}
_ENVIRONMENT = {
    "WHEREIN_LIBRARY": "the library's folder; --library takes precedence",
    "WHEREIN_MODELS": "the folder of the installed models",
    "WHEREIN_HISTORY": "the file of earlier questions; empty for none",
    "PAGER": "the program that shows long answers; empty or cat for none",
    "VISUAL, EDITOR": "the program that opens a text file with --open",
}


def man_page(path: str, command: click.Command, context: click.Context) -> str:
    """Return the page of a command as roff; `path` is how it is called, such as `wherein documents show`."""
    summary, *_ = _paragraphs(command.help or "")
    lines = [
        f'.TH {_escaped(_page_name(path).upper())} 1 "" "Wherein {_version()}" "Wherein manual"',
        ".SH NAME",
        rf"{_escaped(_page_name(path))} \- {_escaped(_first_sentence(summary))}",
        ".SH SYNOPSIS",
        rf"\fB{_escaped(path)}\fR {_escaped(' '.join(command.collect_usage_pieces(context)))}",
        ".SH DESCRIPTION",
        *_description(command.help or ""),
        *_described("OPTIONS", _options(command, context)),
        *_described("COMMANDS", _commands(path, command, context)),
    ]
    if " " not in path:
        lines += _described("EXIT STATUS", _EXIT_STATUS.items())
        lines += _described("ENVIRONMENT", _ENVIRONMENT.items())
    else:
        above = path.rpartition(" ")[0]
        lines += [".SH SEE ALSO", rf"\fB{_escaped(_page_name(above))}\fR(1)"]
    return "\n".join(lines) + "\n"


def _options(command: click.Command, context: click.Context) -> Iterator[tuple[str, str]]:
    for parameter in command.get_params(context):
        if isinstance(parameter, click.Option) and (record := parameter.get_help_record(context)):
            yield record


def _commands(path: str, command: click.Command, context: click.Context) -> Iterator[tuple[str, str]]:
    if not isinstance(command, click.Group):
        return
    for name in sorted(command.list_commands(context)):
        below = command.get_command(context, name)
        assert below is not None
        summary, *_ = _paragraphs(below.help or "")
        yield f"{_page_name(path)}-{name}(1)", _first_sentence(summary)


def _described(head: str, rows: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Yield a section of names, each with its description; nothing where there is none."""
    for number, (name, text) in enumerate(rows):
        if number == 0:
            yield f".SH {head}"
        yield from (".TP", _name(name), _escaped(" ".join(text.split())))


def _name(text: str) -> str:
    """Return the name of an option or the like: what stands for a value in italics, all else in bold."""
    if not text.startswith("-"):
        return rf"\fB{_escaped(text)}\fR"
    words = text.split(" ")
    return " ".join(rf"\f{'B' if word[0] in '-/' else 'I'}{_escaped(word)}\fR" for word in words)


def _description(text: str) -> Iterator[str]:
    for number, paragraph in enumerate(_paragraphs(text)):
        if number:
            yield ".PP"
        if paragraph.startswith("\b\n"):  # as it stands: click's mark
            yield from (".nf", *map(_escaped, paragraph[2:].splitlines()), ".fi")
        else:
            yield _escaped(" ".join(paragraph.split()))


def _paragraphs(text: str) -> list[str]:
    return re.split(r"\n\s*\n", cleandoc(text))


def _first_sentence(paragraph: str) -> str:
    """Return the first sentence without its full stop, in one line."""
    return re.split(r"[.:;](?:\s|$)", " ".join(paragraph.split()), maxsplit=1)[0]


def _page_name(path: str) -> str:
    return path.replace(" ", "-")


def _escaped(text: str) -> str:
    """Return text as roff prints it: no character has another meaning, and none is beyond ASCII."""
    plain = text.replace("\\", r"\e").replace("-", r"\-").replace("'", r"\(aq").replace("`", r"\(ga")
    ascii_ = "".join(one if one.isascii() else rf"\[u{ord(one):04X}]" for one in plain)
    return rf"\&{ascii_}" if ascii_.startswith((".", "'")) else ascii_


def _version() -> str:
    return str(tomllib.loads(_PROJECT.read_text("utf-8"))["project"]["version"])
