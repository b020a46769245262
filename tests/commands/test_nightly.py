"""What `wherein reindex --print-cron` and `--print-systemd` print; the line is run as cron runs it."""

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from wherein.commands.nightly import nightly_command
from wherein.commands.options import GlobalOptions
from wherein.errors import UsageError

MODULE = [sys.executable, "-m", "wherein"]


def options(folder: str = "/l", **named: object) -> GlobalOptions:
    values = {"precision": "auto", "model": None, "threads": 0, "jobs": None, "device": None, **named}
    return GlobalOptions(Path(folder), **values)  # type: ignore[arg-type]


@pytest.fixture
def script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A console script, as pip writes it, in a folder with an odd name."""
    path = tmp_path / "o'brien 50%" / "wherein"
    path.parent.mkdir()
    path.write_text(f"#!{sys.executable}\nfrom wherein.cli import main\nmain()\n")
    path.chmod(0o755)
    monkeypatch.setattr(sys, "argv", [str(path)])
    return path


def test_the_program_is_named_by_its_whole_path(script: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rest = ["--library", "/l", "reindex", "--until", "06:00"]
    assert nightly_command(options(), None, None, {}) == [str(script), *rest]
    monkeypatch.chdir(script.parent)
    for argument in ("./wherein", str(script)):
        monkeypatch.setattr(sys, "argv", [argument])
        assert nightly_command(options(), None, None, {})[0] == str(script)
    monkeypatch.setattr(sys, "argv", ["wherein"])
    monkeypatch.setenv("PATH", str(script.parent))
    assert nightly_command(options(), None, None, {})[0] == str(script)
    for argument in ("/site-packages/wherein/__main__.py", "-c", str(tmp_path / "gone"), ""):
        monkeypatch.setattr(sys, "argv", [argument])
        assert nightly_command(options(), None, None, {}) == [*MODULE, *rest]


def test_every_option_is_carried_with_absolute_paths(
    script: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WHEREIN_MODELS", str(tmp_path / "models"))
    (tmp_path / "tuned").mkdir()
    (tmp_path / "tuned" / "model.json").write_text("{}")
    given = options("library", precision="w8a32", model="./mine", threads=3, jobs=2)
    others = {"--index": "ivf", "--accept-removals": True, "--margin": "0.5", "--wait": True, "--json": False}
    assert nightly_command(given, "tuned", "05:30", others) == [
        str(script), "--library", str(tmp_path / "library"), "--precision", "w8a32", "--model", str(tmp_path / "mine"),
        "--threads", "3", "--jobs", "2", "reindex", "--model", str(tmp_path / "tuned"), "--until", "05:30",
        "--index", "ivf", "--accept-removals", "--margin", "0.5", "--wait",
    ]  # fmt: skip
    assert nightly_command(options(model="minilm"), "~/m", None, {})[3:] == [
        "--model", "minilm", "reindex", "--model", os.path.expanduser("~/m"), "--until", "06:00",  # noqa: PTH111
    ]  # fmt: skip


def test_a_date_is_no_time_of_every_night() -> None:
    with pytest.raises(UsageError, match=r"^--until must be a time of day, such as 06:00"):
        nightly_command(options(), None, "2100-01-01T06:00", {})


def run(*command: str | Path, **more: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*map(str, command)], capture_output=True, text=True, timeout=120, check=False, errors="surrogateescape", **more
    )  # type: ignore[call-overload, no-any-return]


@pytest.mark.workers
@pytest.mark.parametrize("home", [pytest.param("/nonexistent", marks=pytest.mark.slow), "/dev/null"])
@pytest.mark.parametrize("name", ["my library", "o'brien 50%", "caf\udce9"])
def test_the_line_works_under_cron(
    script: Path, name: str, home: str, tmp_path: Path, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.txt").write_text("A lease.")
    library = tmp_path / name
    inside = {"cwd": tmp_path, "env": environment}
    named = (script, "--library", name)
    assert run(*named, "ingest", "docs", **inside).returncode == 0
    (tmp_path / "docs" / "b.txt").write_text("Another lease.")
    printed = run(*named, "--threads", "1", "--jobs", "1", "reindex", "--print-cron", **inside)
    assert (printed.returncode, printed.stderr) == (0, "")
    command = printed.stdout.rstrip("\n").split(" ", 5)[5].replace("\\%", "%")
    assert shlex.split(command)[1:] == [
        "nice", "-n", "19", str(script), "--library", str(library), "--threads", "1", "--jobs", "1",
        "reindex", "--until", "06:00",
    ]  # fmt: skip
    done = run("env", "-i", f"HOME={home}", "PATH=/usr/bin:/bin", "LANG=", "sh", "-c", command, cwd="/")
    assert (done.returncode, done.stdout[:29]) == (0, "1 new, 0 changed, 1 unchanged")


def test_the_units_are_printed_under_their_paths(script: Path, tmp_path: Path, environment: dict[str, str]) -> None:
    inside = {"cwd": tmp_path, "env": {**environment, "XDG_CONFIG_HOME": "/config"}}
    done = run(script, "--threads", "2", "reindex", "--print-systemd", "--until", "05:00", **inside)
    service, timer = done.stdout.split("# /config/systemd/user/")[1:]
    assert service.startswith("wherein-reindex.service\n[Unit]\n")
    assert timer.startswith("wherein-reindex.timer\n[Unit]\n")
    quoted = str(script).replace("%", "%%")
    assert (
        f'\nExecStart=/usr/bin/env "{quoted}" --library {tmp_path}/library --threads 2 reindex --until 05:00\n'
        in service
    )
    assert f"\nEnvironment=XDG_CACHE_HOME={environment['XDG_CACHE_HOME']}\n" in service
    refused = run(script, "--library", "caf\udce9", "reindex", "--print-systemd", **inside)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr.startswith("wherein: A systemd unit cannot hold ")
    assert run(script, "reindex", "--install", **inside).stderr == "wherein: --install goes with --print-systemd\n"


def test_the_units_are_installed_and_lingering_is_mentioned(
    script: Path, tmp_path: Path, environment: dict[str, str]
) -> None:
    (tmp_path / "bin").mkdir()
    for name in ("systemctl", "loginctl"):
        (tmp_path / "bin" / name).write_text("#!/bin/sh\n")
        (tmp_path / "bin" / name).chmod(0o755)
    path = f"{tmp_path / 'bin'}:{environment['PATH']}"
    inside = {"cwd": tmp_path, "env": {**environment, "XDG_CONFIG_HOME": str(tmp_path / "c"), "PATH": path}}
    done = run(script, "reindex", "--print-systemd", "--install", **inside)
    folder = tmp_path / "c" / "systemd" / "user"
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        f"{folder}/wherein-reindex.service is written",
        f"{folder}/wherein-reindex.timer is written",
        "wherein-reindex.timer is enabled; see: systemctl --user list-timers",
        "Your units run only while you are logged in; to have them run every night: loginctl enable-linger",
    ]
    (tmp_path / "bin" / "systemctl").write_text("#!/bin/sh\necho no bus >&2; exit 1\n")
    done = run(script, "reindex", "--print-systemd", "--install", **inside)
    assert (done.returncode, done.stdout) == (1, "")
    assert "but not enabled (no bus); as that user run: systemctl --user daemon-reload && " in done.stderr
