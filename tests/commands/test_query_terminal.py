"""`wherein query` on a terminal of 80 x 24, with the shipped model and texts that are hard to show."""

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import click
import pytest

from screen import LESS, Screen, Start
from toy_reader import write_reader
from wherein.terminal import display_width

Command = Callable[..., subprocess.CompletedProcess[str]]

TEXTS = {
    "plain.md": "# Leases\n\nWho may sign a lease? The lease may be signed by the owner of the house. "
    + "The owner pays for the boiler. " * 30,
    "wide.txt": "The lease 租約 may be signed by 業主 alone. 租約由業主簽署，並由租客見證。"
    + "屋內的鍋爐由業主負責。" * 30,
    "hebrew.txt": "Who signs a lease: החוזה ייחתם על ידי הבעלים של הבית. " + "הדוד בבית הוא באחריות הבעלים. " * 30,
    "table.md": "| who signs a lease | when |\n|---|---|\n" + "| the owner signs the lease | in May |\n" * 40,
    "code.txt": "To sign a lease:\n\n" + "    lease.sign(owner, house)  # the owner signs the lease\n\n" * 30,
    "words.txt": "A lease is signed at https://example.org/" + "lease-signed-by-the-owner/" * 60 + " by owners.",
}


@pytest.fixture
def terminal(start: Start, wherein: Command, environment: dict[str, str], tmp_path: Path) -> Callable[..., Screen]:
    folder = tmp_path / "docs"
    folder.mkdir()
    for name, text in TEXTS.items():
        (folder / name).write_text(text, encoding="utf-8")
    assert wherein("ingest", str(folder)).returncode == 0
    command = (sys.executable, "-m", "wherein", "query", "who may sign a lease?", "-n", "6", "--no-fold", "--all")
    return lambda *arguments, **others: start(*command, *arguments, **{**environment, **others})


@LESS
def test_the_first_three_hits_are_on_the_first_page(terminal: Callable[..., Screen]) -> None:
    for columns, variables in ((80, {}), (40, {}), (80, {"NO_COLOR": "1"})):
        screen = terminal(columns=columns, **variables)
        shown = screen.read("\n:" if "NO_COLOR" in variables else "\x1b[K")
        lines = click.unstyle(re.sub(r"\x1b\]8;;[^\x1b]*\x1b\\", "", shown)).splitlines()
        assert [line[:2] for line in lines if re.match(r"\d\. ", line)][:3] == ["1.", "2.", "3."]
        assert all(display_width(line) <= columns for line in lines)
        assert ("\x1b[1m" in shown) == ("NO_COLOR" not in variables)
        screen.type("q")
        screen.read()
        assert screen.process.wait(60) == 0


def test_without_a_pager_every_hit_is_printed(terminal: Callable[..., Screen]) -> None:
    shown = click.unstyle(terminal("--no-pager").read())
    assert re.findall(r"^(\d)\. ", shown, re.MULTILINE) == ["1", "2", "3", "4", "5", "6"]


def test_notes_are_on_the_page_and_errors_below_it(terminal: Callable[..., Screen], tmp_path: Path) -> None:
    marking = tmp_path / "pager"
    marking.write_text("#!/bin/sh\nprintf '<page>\\n'; cat; printf '</page>\\n'\n")
    marking.chmod(0o755)
    note = "wherein: no document matches the path or pattern nowhere/*; see: wherein documents list"
    arguments = ("--in", "nowhere/*", "--in", "*.md", "--in", "*.txt", "--answer")
    (write_reader(tmp_path / "models" / "reader", {}, {}) / "model.bin").write_bytes(b"")
    models = str(tmp_path / "models")
    page, _, rest = terminal(*arguments, PAGER=str(marking), WHEREIN_MODELS=models).read().partition("</page>")
    assert page.startswith(f"<page>\n{note}\n1. ")
    assert "model.bin is damaged" in rest


@LESS
def test_at_the_prompt_a_page_is_left_and_the_next_question_asked(
    terminal: Callable[..., Screen], start: Start, environment: dict[str, str]
) -> None:
    screen = start(sys.executable, "-m", "wherein", "query", "--all", "--no-fold", **environment, WHEREIN_HISTORY="")
    for question in ("who may sign a lease?", "who pays for the boiler?"):
        screen.read("question> ")
        screen.type(f"{question}\n")
        assert "1. " in screen.read("3. ")
        screen.press("q", until="question> ")
        screen.type("\n")
    screen.read("question> ")
    screen.type("exit\n")
    assert screen.process.wait(60) == 0
