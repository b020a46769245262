"""The systemd units: those in `contrib/`, and those that `wherein reindex --print-systemd` prints."""

from pathlib import Path

import pytest
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


@pytest.mark.parametrize(
    ("path", "quoted"),
    [
        ("/home/ada/.local/bin/wherein", "/home/ada/.local/bin/wherein"),
        ("/home/a b/wherein", '"/home/a b/wherein"'),
        ("/home/50%/wherein", '"/home/50%%/wherein"'),
        ("/home/$HOME/wherein", '"/home/$$HOME/wherein"'),
        ('/home/"a\\b"/wherein', '"/home/\\"a\\\\b\\"/wherein"'),
        ("/home/a\nb/wherein", '"/home/a\\nb/wherein"'),
    ],
)
def test_paths_are_quoted_as_systemd_reads_them(path: str, quoted: str) -> None:
    units = format_units(path, Path(path))
    assert f"\nExecStart={quoted} --library {quoted} reindex --until 06:00\n" in units


def test_relative_paths_become_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert f"ExecStart={tmp_path}/wherein --library {tmp_path}/library reindex" in format_units(
        "wherein", Path("library")
    )


def test_each_unit_is_under_a_comment_with_its_path() -> None:
    service, timer = format_units("/bin/wherein", Path("/library")).split("# ~/.config/systemd/user/")[1:]
    assert service.startswith("wherein-reindex.service\n[Unit]\n")
    assert timer.startswith("wherein-reindex.timer\n[Unit]\n")
