"""The systemd units: those in `contrib/`, and those that `wherein reindex --print-systemd` prints."""

from pathlib import Path

from click.testing import CliRunner

import wherein
from wherein import cli
from wherein.systemd import UNITS, format_units


def test_the_units_are_those_in_contrib() -> None:
    root = Path(wherein.__file__).parent
    for name, text in UNITS.items():
        assert (root / "contrib" / name).read_text("utf-8") == text.format(command="%h/.local/bin/wherein")
    printed = format_units("/usr/bin/wherein", Path("/home/o'brien b/50%"))
    assert 'ExecStart=/usr/bin/wherein --library "/home/o\'brien b/50%%" reindex --until 06:00\n' in printed
    done = CliRunner().invoke(cli.main, ["--library", "/x/y", "reindex", "--print-systemd"])
    assert (done.exit_code, done.output.count("# ~/.config/systemd/user/wherein-reindex.")) == (0, 2)
