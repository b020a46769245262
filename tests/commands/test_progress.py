"""Progress on standard error."""

import sys

import click
import pytest
from click.testing import CliRunner

from wherein.commands.progress import run_progress, status_line
from wherein.commands.reporter import JsonReporter, TextReporter
from wherein.ingest.progress.events import Progress


def test_without_a_terminal_nothing_is_drawn_and_rich_is_not_imported(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "rich"]:
        monkeypatch.delitem(sys.modules, name)
    with run_progress(as_json=False) as reporter:
        reporter(Progress(1, 1, 1, 1, 2, 3.0))
    assert isinstance(reporter, TextReporter)
    with status_line(False, "nothing was changed") as show:
        show("reading")
    assert capsys.readouterr() == ("", "")
    assert "rich" not in sys.modules


def test_json_has_the_progress_as_events_even_on_a_terminal(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with run_progress(as_json=True) as reporter:
        assert isinstance(reporter, JsonReporter)
    with status_line(True, "nothing was changed") as show:
        show("reading")
    assert capsys.readouterr() == ("", "")


def test_a_terminal_has_a_bar_with_the_speed_and_the_time_left(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "120")
    with run_progress(as_json=False) as reporter:
        assert reporter.shows_progress
        reporter(Progress(1_234, 5_000, 4_000, 10, 20, 83.0))
    out, err = capsys.readouterr()
    assert out == ""
    assert "1,234 documents" in err
    assert " chunks/s" in err
    assert "left: 0:01:23" in err


def test_an_interruption_says_what_is_left_behind() -> None:
    @click.command()
    def interrupted() -> None:
        with status_line(False, "no partial backup is left"):
            raise KeyboardInterrupt

    done = CliRunner().invoke(interrupted)
    assert done.exit_code == 130
    assert done.stderr == "wherein: interrupted; no partial backup is left; run the same command again\n"
