"""What a page of the documentation shows: links, headings, blocks of code and commands; and a shell to run them in."""

import re
import shlex
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import takewhile
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

import wherein

__all__ = ["PAGES", "ROOT", "Block", "anchors", "blocks", "commands", "links", "shell", "transcript", "without_figures"]

ROOT = Path(wherein.__file__).resolve().parent
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob(".github/**/*.md")])
# What installs or configures something outside of the test's folder.
_NOT_RUN = ("apt", "apt-get", "brew", "crontab", "loginctl", "make", "optimum-cli", "pip", "pipx", "systemctl", "uv")
# `fetch` needs the network; `serve` ends once it has printed its address.
_WHEREIN = """#!/bin/bash
case " $* " in
*" fetch "*) exec "{python}" -m wherein model fetch --help ;;
*" serve "*)
    "{python}" -m wherein "$@" --port 0 >served 2>&1 &
    until grep -q http:// served; do
        kill -0 $! 2>/dev/null || {{ cat served >&2; exit 1; }}
        sleep 0.1
    done
    kill $!
    wait $!
    exit 0 ;;
*) exec "{python}" -m wherein "$@" ;;
esac
"""


@dataclass(frozen=True)
class Block:
    """A block of code and the language that its fence names, "" for none."""

    language: str
    text: str


@cache
def _tokens(page: Path) -> list[Token]:
    tokens = MarkdownIt("commonmark").enable("table").parse(page.read_text("utf-8"))
    return [part for token in tokens for part in (token, *(token.children or ()))]


def blocks(page: Path, *languages: str) -> list[Block]:
    """Return the blocks of a page, in their order; only those of some `languages` if any are given."""
    found = [Block(token.info.strip(), token.content) for token in _tokens(page) if token.type == "fence"]
    return [block for block in found if not languages or block.language in languages]


def links(page: Path) -> list[str]:
    """Return the targets of a page's links and pictures."""
    targets = (token.attrGet("href") or token.attrGet("src") for token in _tokens(page))
    return [str(target) for target in targets if target]


def anchors(page: Path) -> set[str]:
    """Return the names by which the page's headings are linked, as GitHub makes them."""
    names: Counter[str] = Counter()
    found = set()
    for heading, inline in zip(_tokens(page), _tokens(page)[1:], strict=False):
        if heading.type == "heading_open":
            text = "".join(token.content for token in inline.children or () if token.type in ("text", "code_inline"))
            name = re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")
            found.add(f"{name}-{names[name]}" if names[name] else name)
            names[name] += 1
    return found


def commands(page: Path) -> Iterator[list[str]]:
    """Yield the arguments of each `wherein` command in the page's sentences and in its blocks for a shell."""
    lines = [token.content for token in _tokens(page) if token.type == "code_inline"]
    lines += [line for block in blocks(page, "sh") for line in block.text.splitlines()]
    lines += [line for block in blocks(page, "") for line in block.text.splitlines() if line.startswith("$ ")]
    for line in lines:
        if found := re.match(r"(?:\$ )?wherein (?![(|])(.+)", line):
            lexer = shlex.shlex(found[1].replace("\\|", "|"), posix=True, punctuation_chars="|&;<>#")
            lexer.commenters, lexer.whitespace_split = "", True
            yield list(takewhile(lambda word: word.strip("|&;<>#"), lexer))


def transcript(block: Block) -> list[tuple[str, str]]:
    """Return each command of a block with `$` before its commands, and what it printed."""
    parts = re.split(r"^\$ (.*)\n", block.text, flags=re.MULTILINE)
    return list(zip(parts[1::2], parts[2::2], strict=True))


def without_figures(text: str, folder: Path) -> str:
    """Return what a command printed without what differs from run to run: seconds, sizes, and the home folder."""
    text = text.replace(str(folder), "~")
    return re.sub(r"\b\d+\.\d+ (s|MB)\b", r"0.0 \1", text).strip()


def shell(script: str, folder: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a script with bash, in `folder`, which is the home folder; installers are not run, and nothing is fetched."""
    programs = folder / ".programs"
    if not programs.exists():
        programs.mkdir()
        for name in _NOT_RUN:
            (programs / name).write_text("#!/bin/sh\n")
        (programs / "wherein").write_text(_WHEREIN.format(python=sys.executable))
        for path in programs.iterdir():
            path.chmod(0o755)
    path = f"{programs}:{environment['PATH']}"
    return subprocess.run(
        ["bash", "-e", "-o", "pipefail", "-c", script],
        env={**environment, "HOME": str(folder), "PATH": path}, cwd=folder, text=True, capture_output=True,
        timeout=120, check=False,
    )  # fmt: skip
