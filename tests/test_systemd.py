"""The systemd units: those in `contrib/`, their quoting, and their installation."""

import os
import subprocess
from pathlib import Path

import pytest

import wherein
from wherein.errors import UsageError, WhereinError
from wherein.systemd import UNITS, format_units, install_units, lingers, units_folder

SERVICE, TIMER = UNITS


def test_the_units_are_those_in_contrib() -> None:
    root = Path(wherein.__file__).parent
    command = "%h/.local/bin/wherein reindex --until 06:00"
    for name, text in UNITS.items():
        assert (root / "contrib" / name).read_text("utf-8") == text.format(command=command, environment="")


@pytest.mark.parametrize(
    ("path", "word"),
    [
        ("/home/ada/.local/bin/wherein", "/home/ada/.local/bin/wherein"),
        ("/home/a b/wherein", '"/home/a b/wherein"'),
        ("/home/o'brien/wherein", '"/home/o\'brien/wherein"'),
        ("/home/50%/wherein", '"/home/50%%/wherein"'),
        ("/home/$HOME/wherein", '"/home/$$HOME/wherein"'),
        ('/home/"a\\b"/wherein', '"/home/\\"a\\\\b\\"/wherein"'),
        ("/home/é{x}/wherein", '"/home/é{x}/wherein"'),
        ("/home/a;b/wherein", '"/home/a;b/wherein"'),
    ],
)
def test_words_are_quoted_as_systemd_reads_them(path: str, word: str) -> None:
    text = format_units(["/bin/w", "--library", path, "reindex"], {})[SERVICE]
    assert f"\nExecStart=/bin/w --library {word} reindex\n" in text


@pytest.mark.parametrize(("path", "word"), [("/o'brien/w", '"/o\'brien/w"'), ("/50%/$x/w", '"/50%%/$$x/w"')])
def test_a_program_whose_path_systemd_would_not_run_is_run_by_env(path: str, word: str) -> None:
    assert f"\nExecStart=/usr/bin/env {word} reindex\n" in format_units([path, "reindex"], {})[SERVICE]


def test_variables_are_set_in_the_service() -> None:
    text = format_units(["/w"], {"WHEREIN_MODELS": "/a b/50%/$x", "XDG_DATA_HOME": "/d"})[SERVICE]
    assert '\nEnvironment="WHEREIN_MODELS=/a b/50%%/$x"\nEnvironment=XDG_DATA_HOME=/d\nExecStart=/w\n' in text


@pytest.mark.parametrize("word", ["/a\nb", "/a\tb", "/a\x7fb", "/caf\udce9"])
def test_what_no_unit_can_hold_is_refused(word: str) -> None:
    for words, environment in ((["/w", word], {}), (["/w"], {"WHEREIN_MODELS": word})):
        with pytest.raises(UsageError, match=r"^A systemd unit cannot hold "):
            format_units(words, environment)


@pytest.mark.parametrize("name", ["plain", "a b", "o'brien", "50%", "$HOME", 'a"b\\c', "é{x}"])
def test_systemd_accepts_the_units(name: str, tmp_path: Path) -> None:
    program = tmp_path / name / "wherein"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    for unit, text in format_units([str(program), "--library", str(tmp_path / name)], {"XDG_DATA_HOME": name}).items():
        (tmp_path / unit).write_text(text)
    try:
        done = subprocess.run(
            ["systemd-analyze", "--user", "verify", f"./{SERVICE}", f"./{TIMER}"], cwd=tmp_path,
            env={**os.environ, "XDG_RUNTIME_DIR": str(tmp_path)}, capture_output=True, text=True, check=False,
        )  # fmt: skip
    except FileNotFoundError:
        pytest.skip("there is no systemd-analyze here")
    assert (done.returncode, done.stderr) == (0, "")


@pytest.fixture
def asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file with the commands that were given to stand-ins for systemctl and loginctl; `answers` sets what they do."""
    asked = tmp_path / "asked"
    answers(tmp_path, "exit 0")
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    return asked


def answers(folder: Path, script: str) -> None:
    (folder / "bin").mkdir(exist_ok=True)
    for name in ("systemctl", "loginctl"):
        stand_in = folder / "bin" / name
        stand_in.write_text(f'#!/bin/sh\necho {name} "$@" >> {folder}/asked\n{script}\n')
        stand_in.chmod(0o755)


def test_units_are_written_and_the_timer_is_enabled(asked: Path, tmp_path: Path) -> None:
    folder = tmp_path / "config" / "systemd" / "user"
    units = format_units(["/w"], {})
    assert install_units(units, folder) == [f"{folder / name} is written" for name in UNITS]
    assert {name: (folder / name).read_text() for name in UNITS} == units
    assert asked.read_text().splitlines() == [
        "systemctl --user daemon-reload",
        f"systemctl --user enable --now {TIMER}",
    ]
    other = format_units(["/other"], {})
    assert install_units(other, folder) == [f"{folder / SERVICE} is replaced", f"{folder / TIMER} is unchanged"]


TODO = f"systemctl --user daemon-reload && systemctl --user enable --now {TIMER}"


def test_without_the_users_systemd_the_units_are_written_and_the_message_says_what_to_run(
    asked: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers(tmp_path, "echo Failed to connect to bus: No medium found >&2; exit 1")
    with pytest.raises(WhereinError) as caught:
        install_units(format_units(["/w"], {}), tmp_path / "a")
    reason = "Failed to connect to bus: No medium found"
    assert str(caught.value) == f"The units are in {tmp_path}/a, but not enabled ({reason}); as that user run: {TODO}"
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(WhereinError, match=r"not enabled \(there is no systemctl here\); as that user run: systemctl"):
        install_units(format_units(["/w"], {}), tmp_path / "b")
    assert all((tmp_path / folder / name).exists() for folder in "ab" for name in UNITS)


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(WhereinError, match=f"^The units cannot be written to {tmp_path}/file/user: "):
        install_units(format_units(["/w"], {}), tmp_path / "file" / "user")


def test_whether_units_run_without_a_login(asked: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for said, expected in (("yes", True), ("no", False), ("", False)):
        answers(tmp_path, f"echo {said}")
        assert lingers() is expected
    monkeypatch.setenv("PATH", str(tmp_path))
    assert lingers() is False


def test_the_folder_of_the_users_units(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert units_folder() == tmp_path / ".config" / "systemd" / "user"
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "c"))
    assert units_folder() == tmp_path / "c" / "systemd" / "user"
