"""`wherein completion`: what real shells make of it."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from toy import ToyEncoder
from wherein.library import Library

_BASH = """
eval "$(wherein completion bash)"
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
_wherein_completion wherein
printf '%s\\n' "${COMPREPLY[@]}"
"""
_ZSH = """
autoload -U compinit && compinit -u
eval "$(wherein completion zsh)"
print -r -- $_comps[wherein]
"""
_FISH = """
wherein completion fish | source
complete --do-complete "$argv"
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with documents, their library, and the program `wherein` in `bin`."""
    folder = tmp_path_factory.mktemp("shell")
    (folder / "docs").mkdir()
    for name in ("lease.txt", "lemons.txt", "my letter's draft.txt", "bread.txt"):
        (folder / "docs" / name).write_text(f"About {name}.")
    with Library(folder / "library", encoder=ToyEncoder()) as library:  # type: ignore[arg-type]
        library.ingest([str(folder / "docs")])
        library.ingest_stream("memo", b"A memo.")
    (folder / "models" / "small-model").mkdir(parents=True)
    (folder / "models" / "answers").mkdir()
    (folder / "models" / "answers" / "model.json").write_text('{"kind": "reader"}')
    (folder / "bin").mkdir()
    (folder / "bin" / "wherein").write_text(f"#!{sys.executable}\nfrom wherein.cli import main\nmain()\n")
    (folder / "bin" / "wherein").chmod(0o700)
    return folder


def shell(folder: Path, program: str, script: str, *words: str) -> list[str]:
    environment = {
        "PATH": f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}", "HOME": str(folder),
        "WHEREIN_LIBRARY": str(folder / "library"), "WHEREIN_MODELS": str(folder / "models"), "LC_ALL": "C.UTF-8",
    }  # fmt: skip
    flags = {"bash": ["--norc", "-c", script, "bash"], "zsh": ["-f", "-c", script, "zsh"], "fish": ["-N", "-c", script]}
    done = subprocess.run(
        [program, *flags[program], *words], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return done.stdout.splitlines()


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        (["do"], ["doctor", "documents"]),
        (["documents", "s"], ["show"]),
        (["query", "--mo"], ["--mode"]),
        (["query", "--mode", ""], ["hybrid", "semantic", "keyword"]),
        (["query", "--type", "doc"], ["doc", "docx"]),
        (["--device", "g"], ["GPU"]),
        (["documents", "show", "docs/le"], ["docs/lease.txt", "docs/lemons.txt"]),
        (["documents", "remove", "docs/lease.txt", "docs/b"], ["docs/bread.txt"]),
        (["documents", "show", "docs/my"], ["docs/my\\ letter\\'s\\ draft.txt"]),
        (["documents", "show", "docs/my\\ lett"], ["docs/my\\ letter\\'s\\ draft.txt"]),
        (["documents", "show", "nowhere/"], [""]),
        (["model", "show", "sm"], ["small-model"]),
        (["model", "show", "multi"], ["multilingual"]),
        (["model", "show", "an"], ["answers"]),
        (["--model", "def"], ["default"]),
        (["--model", "an"], [""]),
        (["evaluate", "squad", "--compare", "s"], ["semantic", "small-model"]),
        (["reindex", "--index", "i"], ["ivf"]),
        (["completion", ""], ["bash", "zsh", "fish"]),
    ],
)
def test_bash_is_offered(folder: Path, typed: list[str], offered: list[str]) -> None:
    assert shell(folder, "bash", _BASH, "wherein", *typed) == offered


def test_a_source_is_offered_by_its_path(folder: Path) -> None:
    assert shell(folder, "bash", _BASH, "wherein", "sources", "remove", "") == [str(folder / "docs")]


def test_a_path_from_the_root_is_completed_as_one(folder: Path) -> None:
    assert shell(folder, "bash", _BASH, "wherein", "documents", "show", f"{folder}/docs/b") == [
        f"{folder}/docs/bread.txt"
    ]


def test_without_a_library_nothing_is_offered_or_reported(folder: Path, tmp_path: Path) -> None:
    words = ("wherein", "--library", str(tmp_path / "none"), "documents", "show", "do")
    assert shell(folder, "bash", _BASH, *words) == [""]
    (tmp_path / "catalog.db").write_bytes(b"no database")
    words = ("wherein", "--library", str(tmp_path), "documents", "show", "do")
    assert shell(folder, "bash", _BASH, *words) == [""]
    assert [path.name for path in tmp_path.iterdir()] == ["catalog.db"]


def test_a_library_in_milvus_is_completed_alike(folder: Path, tmp_path: Path) -> None:
    pytest.importorskip("milvus_lite", reason="Milvus Lite is not installed")
    address = f"milvus:{tmp_path / 'library.db'}"
    words = ("wherein", "--library", address, "documents", "show", "docs/le")
    assert shell(folder, "bash", _BASH, *words) == [""]
    assert list(tmp_path.iterdir()) == []

    with Library(address, encoder=ToyEncoder()) as library:  # type: ignore[arg-type]
        library.ingest([str(folder / "docs")])

    assert shell(folder, "bash", _BASH, *words) == ["docs/lease.txt", "docs/lemons.txt"]
    assert shell(folder, "bash", _BASH, *words[:3], "sources", "remove", "") == [str(folder / "docs")]
    assert shell(folder, "bash", _BASH, "wherein", "--library", "milvus://127.0.0.1:1/no", *words[3:]) == [""]


def test_zsh_understands_it(folder: Path) -> None:
    if shutil.which("zsh") is None:
        pytest.skip("zsh is not installed")
    assert shell(folder, "zsh", _ZSH) == ["_wherein_completion"]


@pytest.mark.parametrize(
    ("typed", "offered"),
    [("wherein do", ["doctor", "documents"]), ("wherein documents show docs/le", ["lease.txt", "lemons.txt"])],
)
def test_fish_understands_it(folder: Path, typed: str, offered: list[str]) -> None:
    if shutil.which("fish") is None:
        pytest.skip("fish is not installed")
    found = [line.split("\t")[0] for line in shell(folder, "fish", _FISH, typed)]
    assert [name.removeprefix("docs/") for name in found] == offered
