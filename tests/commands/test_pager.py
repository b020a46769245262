"""Answers on a real terminal: what fits is printed, what does not is shown by a pager."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from screen import LESS, Screen, Start
from wherein.commands.pager import Pager

DRAW = """
import sys
from wherein.commands.pager import Pager
from wherein.terminal import Terminal
lines, terminal = int(sys.argv[1]), Terminal.of_stdout()
pager = Pager.of_user()
draw = lambda terminal: "".join(terminal.style(f"line {n}", bold=True) + "\\n" for n in range(lines))
print("pager:", pager and pager.command)
pager and pager.print(draw, terminal)
print("the end")
"""


def draw(start: Start, lines: int, **environment: object) -> Screen:
    return start(sys.executable, "-c", DRAW, str(lines), **environment)


@LESS
def test_what_fits_is_printed_and_what_does_not_is_paged(start: Start) -> None:
    fitting = draw(start, 23)
    shown = fitting.read()
    assert "pager: ('less',)\n\x1b[1mline 0\x1b[0m\n" in shown
    assert shown.endswith("line 22\x1b[0m\nthe end\n")
    long = draw(start, 100)
    shown = long.read("line 21")
    assert "line 24" not in shown
    assert "\x1b[1mline 0" in shown
    assert "\x1b[?1049h" not in shown  # what was shown stays on the screen
    long.type("q")
    assert long.read().endswith("the end\n")
    assert long.process.wait(60) == 0


@LESS
def test_less_shows_colors_whatever_its_options_are_and_an_interrupt_does_not_end_it(start: Start) -> None:
    screen = draw(start, 100, LESS="-i", PAGER="less -S")
    assert "\x1b[1mline 1" in screen.read("\n:")
    os.killpg(screen.process.pid, signal.SIGINT)
    screen.press("G", until="line 99")
    screen.type("q")
    assert "Traceback" not in screen.read()
    assert screen.process.wait(60) == 0


@pytest.mark.parametrize("pager", ["head -n 2", "'{folder}/my pager' 2"])
def test_another_pager_gets_plain_text_and_may_end_early(start: Start, tmp_path: Path, pager: str) -> None:
    script = tmp_path / "my pager"
    script.write_text("#!/bin/sh\nexec head -n $1\n")
    script.chmod(0o755)
    screen = draw(start, 30_000, PAGER=pager.format(folder=tmp_path))
    shown = screen.read()
    assert shown.endswith("\nline 0\nline 1\nthe end\n")
    assert screen.process.wait(60) == 0


def test_a_pager_that_cannot_be_run_costs_a_sentence(start: Start) -> None:
    shown = draw(start, 40, PAGER="no-such-pager -x").read()
    assert "line 39" in shown
    assert "wherein: PAGER is no-such-pager -x, which cannot be run: No such file or directory\n" in shown


@pytest.mark.parametrize("variables", [{"PAGER": ""}, {"PAGER": "cat"}, {"TERM": "dumb"}])
def test_without_a_pager_text_is_printed(start: Start, variables: dict[str, str]) -> None:
    assert "pager: None\n" in draw(start, 40, **variables).read()


def test_there_is_no_pager_where_no_one_types_or_reads(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "pager: None\n" in draw(start, 40, stdin=subprocess.DEVNULL).read()
    done = subprocess.run([sys.executable, "-c", DRAW, "40"], capture_output=True, text=True, check=True)
    assert "pager: None\n" in done.stdout
    monkeypatch.setattr(sys, "stdin", None)
    assert Pager.of_user() is None
