"""Write docs/commands.md from the command line itself: `python docs/commands.py`. A test compares them."""

import sys
from collections.abc import Iterator
from pathlib import Path

import click

sys.path.insert(0, str(Path(__file__).parent.parent))

import cli

TARGET = Path(__file__).with_suffix(".md")
INTRODUCTION = """# The commands

Made from the program by `python docs/commands.py`.
"""


def commands(command: click.Command, path: str) -> Iterator[tuple[str, click.Command]]:
    """Yield every command with its path, the outermost first."""
    yield path, command
    for name, below in sorted(getattr(command, "commands", {}).items()):
        yield from commands(below, f"{path} {name}")


def render() -> str:
    """Return the page: the help of every command, 100 columns wide."""
    parts = [INTRODUCTION]
    for path, command in commands(cli.main, "wherein"):
        context = click.Context(command, info_name=path, max_content_width=100, terminal_width=100)
        parts.append(f"## {path}\n\n```\n{command.get_help(context)}\n```\n")
    return "\n".join(parts)


if __name__ == "__main__":
    TARGET.write_text(render(), "utf-8")
