"""What the commands that build a model have in common: their options, and how an error ends them."""

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

from wherein.errors import WhereinError


def parser(program: str, description: str, output: str, work: str) -> argparse.ArgumentParser:
    """Return a parser of the common options; `output` and `work` say what is written to these folders."""
    parser = argparse.ArgumentParser(prog=f"python -m {program}", description=description)
    parser.add_argument("--data", type=Path, required=True, help="folder of the SQuAD v1.1 train files")
    parser.add_argument("--evaluate", type=Path, help="SQuAD v1.1 dev, to measure the finished model on")
    parser.add_argument("--output", type=Path, required=True, help=output)
    parser.add_argument("--work", type=Path, help=f"{work}, to resume from (default: OUTPUT.work)")
    return parser


def work_folder(options: argparse.Namespace) -> Path:
    """Return the folder of the checkpoints."""
    work: Path | None = options.work
    return work or options.output.with_name(options.output.name + ".work")


def exit_code(build: Callable[[], None]) -> int:
    """Build a model, or print the reason why not, and return the exit code."""
    try:
        build()
    except WhereinError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    return 0
