"""What is released: a wheel and a source archive that every installer takes, used from another folder."""

import json
import os
import shutil
import subprocess
import sys
import tarfile
import urllib.request
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import pytest

import wherein

ROOT = Path(wherein.__file__).resolve().parent
TOOLS = {"build": "build", "twine": "twine", "check-wheel-contents": "check_wheel_contents", "pipx": "pipx", "uv": "uv"}
MISSING = [name for name, module in TOOLS.items() if find_spec(module) is None]
MAX_BYTES = 40_000_000
QUESTION = "who may sign the lease?"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(MISSING), reason=f"{', '.join(MISSING)} missing; install wherein[release]"),
]


def call(*words: str | Path, cwd: Path, env: dict[str, str] | None = None, stdin: str = "") -> str:
    done = subprocess.run(
        list(map(str, words)), cwd=cwd, env=env, input=stdin, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{words}\n{done.stdout}\n{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def released(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The wheel and the source archive, built from a copy of the tree; the wheel is built from the archive."""
    work = tmp_path_factory.mktemp("release")
    leave_out = shutil.ignore_patterns(".*", "__pycache__", "*.egg-info", "build", "dist")
    shutil.copytree(ROOT, work / "tree", ignore=leave_out)
    call(sys.executable, "-m", "build", "--outdir", work / "dist", work / "tree", cwd=work)
    wheel, archive = (next((work / "dist").glob(pattern)) for pattern in ("*.whl", "*.tar.gz"))
    return {"wheel": wheel, "archive": archive}


def test_they_are_small_and_pass_the_checks_of_an_index(released: dict[str, Path], tmp_path: Path) -> None:
    sizes = {name: path.stat().st_size for name, path in released.items()}
    print(sizes)
    assert max(sizes.values()) < MAX_BYTES
    call(sys.executable, "-m", "twine", "check", "--strict", *released.values(), cwd=tmp_path)
    call(sys.executable, "-m", "check_wheel_contents", released["wheel"], cwd=tmp_path)


def test_the_wheel_has_nothing_that_users_do_not_need(released: dict[str, Path]) -> None:
    with zipfile.ZipFile(released["wheel"]) as archive:
        names = archive.namelist()
    assert {name.split("/")[0] for name in names} == {
        "wherein", "wherein-0.1.0.dist-info", "wherein-0.1.0.data"
    }  # fmt: skip
    inside = {name.split("/")[1] for name in names if name.startswith("wherein/")}
    assert not inside & {"recipe", "bench", "tests", "docs", "contrib", "Makefile", "MANIFEST.in"}
    pages = {path.name for path in (ROOT / "docs" / "man").iterdir()}
    assert {name.rpartition("/")[2] for name in names if "/share/man/man1/" in name} == pages


def test_the_archive_has_what_is_needed_to_build_and_test(released: dict[str, Path]) -> None:
    with tarfile.open(released["archive"]) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    needed = {"pyproject.toml", "README.md", "LICENSE", "NOTICE", "CHANGELOG.md", "Makefile", "PKG-INFO"}
    needed |= {f"tests/{path.relative_to(ROOT / 'tests')}" for path in (ROOT / "tests").rglob("*.py")}
    needed |= {
        f"docs/{path.relative_to(ROOT / 'docs')}"
        for path in (ROOT / "docs").rglob("*.*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    needed |= {f"tests/fixtures/{path.name}" for path in (ROOT / "tests" / "fixtures").iterdir()}
    needed |= {f"embed/default/{path.name}" for path in (ROOT / "embed" / "default").iterdir()}
    assert needed - names == set()
    assert not [name for name in names if name.endswith(".pyc") or name.startswith((".", "dist/"))]


# As a user: each installer in a fresh place, the program run from another folder.


def with_pip(what: str, work: Path) -> Path:
    call(sys.executable, "-m", "venv", work / "env", cwd=work)
    call(work / "env" / "bin" / "python", "-m", "pip", "install", "--quiet", what, cwd=work)
    return work / "env" / "bin" / "wherein"


def with_pipx(what: str, work: Path) -> Path:
    folders = {"PIPX_HOME": work / "pipx", "PIPX_BIN_DIR": work / "bin", "PIPX_MAN_DIR": work / "man"}
    environment = {**os.environ, **{name: str(path) for name, path in folders.items()}}
    call(sys.executable, "-m", "pipx", "install", "--python", sys.executable, what, cwd=work, env=environment)
    assert (work / "man" / "man1" / "wherein-query.1").exists()
    return work / "bin" / "wherein"


def with_uv_tool(what: str, work: Path) -> Path:
    environment = {**os.environ, "UV_TOOL_DIR": str(work / "tools"), "UV_TOOL_BIN_DIR": str(work / "bin")}
    call(sys.executable, "-m", "uv", "tool", "install", "--python", sys.executable, what, cwd=work, env=environment)
    return work / "bin" / "wherein"


@pytest.mark.parametrize(
    ("install", "kind"),
    [(with_pip, "wheel"), (with_pipx, "wheel"), (with_uv_tool, "wheel"), (with_pip, "archive")],
)
def test_it_is_installed_and_used_from_another_folder(
    released: dict[str, Path], tmp_path: Path, install: Callable[[str, Path], Path], kind: str
) -> None:
    program = install(f"wherein[server,mcp] @ {released[kind].as_uri()}", tmp_path)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "lease.txt").write_text("The lease may be signed by the owner of the house or by her attorney.")
    (elsewhere / "bread.txt").write_text("Knead the dough for ten minutes and let it rise until it has doubled.")
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "VIRTUAL_ENV")}
    environment |= {"XDG_CACHE_HOME": str(tmp_path / "cache"), "WHEREIN_LIBRARY": str(tmp_path / "library")}

    def run(*words: str, stdin: str = "") -> str:
        return call(program, *words, cwd=elsewhere, env=environment, stdin=stdin)

    assert run("--version") == "wherein, version 0.1.0\n"
    assert run("ingest", ".").startswith("2 new")
    assert json.loads(run("query", QUESTION, "--json"))["hits"][0]["text"].startswith("The lease may be signed")
    assert run("reindex")
    checks = {check["name"]: check for check in json.loads(run("doctor", "--json"))["checks"]}
    assert [check["problem"] for check in checks.values() if check["problem"]] == []
    assert {"server", "mcp"} <= set(checks["extras"]["fields"]["installed"])
    assert run("completion", "bash").startswith("_wherein_completion()")
    assert "wherein" in run("mcp", stdin=_HELLO)
    with serving(program, elsewhere, environment) as address:
        request = urllib.request.Request(
            f"{address}/v1/query", json.dumps({"question": QUESTION}).encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            assert b"The lease may be signed" in answer.read()
    assert_hint_works(program, elsewhere, environment, checks["extras"]["fields"]["missing"]["watch"], tmp_path)


_HELLO = (
    json.dumps({
        "jsonrpc": "2.0", "id": 1, "method": "initialize",
        "params": {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}},
    }) + "\n"
)  # fmt: skip


@contextmanager
def serving(program: Path, folder: Path, environment: dict[str, str]) -> Iterator[str]:
    with subprocess.Popen(
        [program, "serve", "--port", "0"], cwd=folder, env=environment, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        try:
            yield next(line.strip() for line in process.stderr if line.startswith("http://"))
        finally:
            process.terminate()
            process.communicate()


def assert_hint_works(program: Path, folder: Path, environment: dict[str, str], command: str, work: Path) -> None:
    """Run the command that adds an extra, as it is shown, in a shell; then it is there, and so are the others."""
    tools = {
        "PIPX_HOME": work / "pipx", "PIPX_BIN_DIR": work / "bin", "PIPX_MAN_DIR": work / "man",
        "UV_TOOL_DIR": work / "tools", "UV_TOOL_BIN_DIR": work / "bin",
    }  # fmt: skip
    (work / "path").mkdir()
    for tool in ("pipx", "uv"):
        (work / "path" / tool).write_text(f'#!/bin/sh\nexec {sys.executable} -m {tool} "$@"\n')
        (work / "path" / tool).chmod(0o700)
    path = f"{work / 'path'}{os.pathsep}{environment['PATH']}"
    call("bash", "-c", command, cwd=folder, env={**environment, **{n: str(p) for n, p in tools.items()}, "PATH": path})
    done = json.loads(call(program, "doctor", "--json", cwd=folder, env=environment))
    extras = next(check for check in done["checks"] if check["name"] == "extras")
    assert {"server", "mcp", "watch"} <= set(extras["fields"]["installed"])
