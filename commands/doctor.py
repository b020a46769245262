"""`wherein doctor`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from wherein.commands.options import GlobalOptions, json_option
from wherein.commands.output import print_json

if TYPE_CHECKING:
    from wherein.diagnosis.check import Check

__all__ = ["doctor"]

_WIDTH = 11


@click.command()
@json_option
@click.pass_obj
def doctor(options: GlobalOptions, as_json: bool) -> None:
    """Show what a bug report needs: versions, the machine, the model and whether the library is sound.

    Nothing is changed. The checks are quick; wherein verify looks for damage inside the library. The exit code is 0 if
    nothing is wrong, else that of the worst problem: 5 for damage, 6 if the library's model is missing, 2 for wrong
    options, 1 for anything else.
    """
    from wherein.diagnosis.check import exit_code_of, without_home
    from wherein.diagnosis.examination import examine

    checks = examine(options.folder, options.cache, precision=options.precision, model=options.model)
    code = exit_code_of(checks)
    if as_json:
        print_json(without_home({"exit_code": code, "checks": [asdict(check) for check in checks]}))
    else:
        for check in checks:
            _print(without_home(asdict(check)))
        click.echo(_verdict(checks))
    click.get_current_context().exit(code)


def _print(check: dict[str, object]) -> None:
    lines = [line for line in str(check["text"]).splitlines() if line]
    notes = check["notes"]
    lines += [f"note: {note}" for note in notes] if isinstance(notes, list) else []
    lines += [f"problem: {check['problem']}"] if check["problem"] else []
    for number, line in enumerate(lines):
        click.echo(f"{check['name'] if number == 0 else '':<{_WIDTH}} {line}")


def _verdict(checks: Sequence[Check]) -> str:
    problems = [check.name for check in checks if check.problem]
    return f"problems: {', '.join(problems)}" if problems else "no problems"
