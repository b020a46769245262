"""What commands print: JSON for scripts; tables, sizes and times for people."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from wherein.storage.repair.findings import Finding

__all__ = [
    "MAX_LISTED",
    "SCHEMA",
    "describe_finding",
    "describe_unknown_tokens",
    "display_path",
    "display_uri",
    "format_duration",
    "format_size",
    "format_time",
    "format_value",
    "format_warning",
    "print_event",
    "print_json",
    "print_nested",
    "print_table",
    "warn",
]

SCHEMA = 1
"""The version of the JSON: fields may be added to it; none is removed or changes its meaning."""

MAX_LISTED = 20
"""Problems that are listed one by one; of further ones only the number is shown."""


def print_json(fields: Mapping[str, object]) -> None:
    """Print an object on one line, with the version of the schema."""
    click.echo(_as_json({"schema": SCHEMA, **fields}))


def print_event(name: str, fields: Mapping[str, object]) -> None:
    """Print an event of a run on one line (docs/events.md)."""
    click.echo(_as_json({"event": name, "schema": SCHEMA, **fields}))


def _as_json(fields: Mapping[str, object]) -> str:
    """Return an object on one line, in ASCII where standard output would not write it as UTF-8 (RFC 8259, 8.1)."""
    line = json.dumps(fields, ensure_ascii=False)
    try:
        is_utf_8 = line.encode(sys.stdout.encoding or "utf-8") == line.encode()
    except UnicodeEncodeError:
        is_utf_8 = False
    return line if is_utf_8 else json.dumps(fields)


def print_table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print columns, each as wide as its widest cell."""
    cells = [list(head), *([str(cell) for cell in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    for row in cells:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def print_nested(fields: Mapping[str, object], indent: str = "") -> None:
    """Print a JSON object as one line a field, nested objects indented."""
    for key, value in fields.items():
        name = f"{indent}{key.replace('_', ' ')}"
        if isinstance(value, dict):
            click.echo(f"{name}:")
            print_nested(value, f"{indent}  ")
        else:
            text = ", ".join(map(str, value)) if isinstance(value, list) else format_value(value)
            click.echo(f"{name + ':':<20} {text}")


def warn(message: str) -> None:
    """Print a message on standard error, where it does not disturb what a script reads.

    Undecodable bytes of a name are shown as in listings; a message may have several lines.
    """
    click.echo(format_warning(message), err=True)


def format_warning(message: str) -> str:
    """Return a message as `warn` prints it."""
    from wherein.uri import display

    return "wherein: " + "\n".join(map(display, message.split("\n")))


def format_value(value: object) -> str:
    """Return a value as text: booleans as yes or no, integers with thousands separators."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,}" if isinstance(value, int) else str(value)


def format_size(count: int) -> str:
    """Return a number of bytes in KB, MB or GB, powers of 1,000."""
    unit, factor = next(((unit, f) for unit, f in (("GB", 1e9), ("MB", 1e6)) if count >= f), ("KB", 1e3))
    return f"{count / factor:,.1f} {unit}"


def format_duration(seconds: float) -> str:
    """Return a duration as h:mm:ss."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}"


def format_time(stamp: str) -> str:
    """Return an ISO 8601 time stamp in UTC to the second, for people."""
    return f"{stamp[:19].replace('T', ' ')} UTC"


def display_path(path: str) -> str:
    """Return a path on one printable line, relative to the current folder if it is below it."""
    from wherein import uri  # only when a path is shown, to start quickly

    return uri.display_path(path)


def display_uri(uri: str) -> str:
    """Return a URI on one printable line; a file's as `display_path` shows it."""
    from wherein.uri import display_uri

    return display_uri(uri)


def describe_unknown_tokens(unknown: int, tokens: int) -> str:
    """Return how many tokens the model does not know, and their share."""
    return f"{unknown:,} of them unknown to the model ({unknown / tokens if tokens else 0:.2%})"


def describe_finding(finding: Finding) -> str:
    """Return a finding of `verify` or `repair` as one line."""
    severity = "note" if finding.harmless else "damaged"
    return f"{severity}: {finding.part}: {display_uri(finding.place)}: {finding.what}; {finding.remedy}"
