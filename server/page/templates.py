"""The templates of the page. Every value is escaped: documents' text is never HTML."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from wherein.server.page.assets import FOLDER

if TYPE_CHECKING:
    from jinja2 import Environment

__all__ = ["render"]

_UNITS = ((1 << 30, "GB"), (1 << 20, "MB"), (1 << 10, "kB"))


def render(name: str, **values: object) -> str:
    """Return a template, or a part of one, with its values."""
    return _environment().get_template(f"{name}.html").render(values)


@cache
def _environment() -> Environment:
    # Late: the first question need not wait for it.
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True, auto_reload=False,
    )  # fmt: skip
    environment.globals["assets"] = FOLDER
    environment.filters.update(day=_day, size=_size, number=_number)
    return environment


def _day(moment: datetime | None) -> str:
    """Return a day as a person writes it; "" for an unknown one."""
    if moment is None or moment == datetime.min.replace(tzinfo=UTC):
        return ""
    local = moment.astimezone()
    return f"{local.day} {local:%b} {local.year}"


def _size(count: int) -> str:
    """Return a number of bytes in the largest unit that fits."""
    return next((f"{count / unit:.1f} {name}" for unit, name in _UNITS if count >= unit), f"{count} bytes")


def _number(count: int) -> str:
    return f"{count:,}"
