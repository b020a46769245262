"""Write the pages that are generated from the program: `python docs/generate.py`. A test compares them."""

from collections.abc import Iterator
from pathlib import Path

import click

from wherein import cli
from wherein.search.calibration import NO_GOOD_MATCH
from wherein.search.copies import MAX_BY_MEANING, MAX_COPIES
from wherein.search.hybrid import MAX_BY_WORDS
from wherein.search.phrase_check import MAX_TEXTS
from wherein.search.results.postprocess import MAX_RANKED
from wherein.storage.disk.failpoints import POINTS, STEPS

ROOT = Path(__file__).parent.parent
BEGIN, END = "<!-- made by docs/generate.py -->\n", "<!-- end -->\n"


def pages() -> dict[Path, str]:
    """Return the text of each page that is generated, wholly or in part."""
    parts = {
        ROOT / "docs" / "reliability.md": failpoints_tables(),
        ROOT / "docs" / "querying.md": query_limits(),
    }
    return {ROOT / "docs" / "commands.md": commands_page()} | {
        page: with_part(page.read_text("utf-8"), part) for page, part in parts.items()
    }


def with_part(page: str, part: str) -> str:
    """Return the text of a page with its generated part in place of the one that it has."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}{part}{END}{after}"


def commands(command: click.Command, path: str) -> Iterator[tuple[str, click.Command]]:
    """Yield a command and all below it, each with its path, parents first."""
    yield path, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in sorted(command.list_commands(context)):
            below = command.get_command(context, name)
            assert below is not None
            yield from commands(below, f"{path} {name}")


def commands_page() -> str:
    """Return the page with the help of every command, 100 columns wide."""
    parts = ["# The commands\n\nMade from the program by `python docs/generate.py`.\n"]
    for path, command in commands(cli.main, "wherein"):
        context = click.Context(
            command, info_name=path, max_content_width=100, terminal_width=100, **cli.main.context_settings
        )
        parts.append(f"## {path}\n\n```\n{command.get_help(context)}\n```\n")
    return "\n".join(parts)


def query_limits() -> str:
    """Return the list of the notes that an answer may have, with the limits at which it gets them."""
    return f"""\
- `no good match`, in the mode `hybrid`: no hit has a chance of {100 * NO_GOOD_MATCH:.0f} % or more. The hits are shown all the same.
- `stopped after {MAX_RANKED:,} passages`: this many were ranked to find enough that differ and pass the options, but most did not. More are
  ranked only if `-n` asks for more. By meaning {MAX_BY_MEANING} are ranked. Of near-copies, each ranking proposes {MAX_COPIES}.
- `only the {MAX_BY_WORDS:,} best passages by words were considered`: most of these are copies of a few texts.
- `phrases were searched for only in the {MAX_TEXTS:,} best passages`: more have all the words of a phrase, or of an excluded one.
"""  # noqa: E501


def failpoints_tables() -> str:
    """Return the tables of failpoints, each with the state of the library after it."""
    return (
        "**Transactions.** Each has three failpoints, `begun` and `written` (before the commit, when nothing of it"
        " holds), and `committed`:\n\n"
        + table("transaction", "what holds once it is committed", STEPS)
        + "\n**Other steps.**\n\n"
        + table("failpoint", "what holds when the process dies there", POINTS)
    )


def table(key_head: str, value_head: str, rows: dict[str, str]) -> str:
    """Return a Markdown table of two columns."""
    head = f"| {key_head} | {value_head} |\n|---|---|\n"
    return head + "".join(f"| `{key}` | {value} |\n" for key, value in rows.items())


if __name__ == "__main__":
    for page, text in pages().items():
        page.write_text(text, "utf-8")
