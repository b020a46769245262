"""Types of options that refuse what click lets pass."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import click

__all__ = ["FilePath", "FiniteNumber", "FiniteRange"]


class FilePath(click.Path):
    """A path; an empty one, as an unset variable of the shell leaves it, is refused: it would be the current folder."""

    def __init__(self, *, readable: bool = True) -> None:
        super().__init__(path_type=Path, readable=readable)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the path. Raises BadParameter for an empty one."""
        if value == "":
            self.fail("the path is empty; the current folder is .", param, ctx)
        return super().convert(value, param, ctx)


class FiniteNumber(click.types.FloatParamType):
    """A finite number; click also takes NaN, which is in no order."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the number. Raises BadParameter for one that is not finite."""
        number = super().convert(value, param, ctx)
        if not math.isfinite(number):
            self.fail(f"{value} is not a finite number.", param, ctx)
        return number


class FiniteRange(FiniteNumber, click.FloatRange):
    """A finite number in a range."""
