"""The wheel: one complete package, `wherein`, which modules of the same names beside it do not disturb."""

import json
import os
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

import wherein

ROOT = Path(wherein.__file__).resolve().parent
UNPACKED = ("recipe", "tests", "bench", "docs", "contrib", "build", "dist")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from a copy of the tree, so that nothing is written into it."""
    work = tmp_path_factory.mktemp("wheel")
    leave_out = shutil.ignore_patterns(".*", "__pycache__", "*.egg-info", "build", "dist", "fixtures")
    shutil.copytree(ROOT, work / "tree", ignore=leave_out)
    (work / "tree" / "wherein").mkdir()  # a folder of the package's own name must not win
    build = "import sys; from setuptools import build_meta; print(build_meta.build_wheel(sys.argv[1]))"
    command = [sys.executable, "-W", "ignore", "-c", build, str(work)]
    built = subprocess.run(command, cwd=work / "tree", capture_output=True, text=True, check=True)
    return work / built.stdout.splitlines()[-1]


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    site = tmp_path_factory.mktemp("site")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(site)
    return site


def test_the_wheel_holds_the_package_and_its_metadata_alone(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    tops = {name.partition("/")[0] for name in names}
    assert tops == {"wherein", f"wherein-{wherein_version()}.dist-info", f"wherein-{wherein_version()}.data"}
    pages = {path.name for path in (ROOT / "docs" / "man").iterdir()}
    assert {Path(name).name for name in names if f"{wherein_version()}.data/" in name} == pages
    inside = {name.split("/")[1] for name in names if name.startswith("wherein/")}
    assert not inside & set(UNPACKED)
    modules = {
        str(path.relative_to(ROOT))
        for folder in ("", *sorted(parts()))
        for path in (ROOT.glob("*.py") if not folder else (ROOT / folder).rglob("*.py"))
    }
    assert {name.removeprefix("wherein/") for name in names if name.endswith(".py")} == modules
    page = ROOT / "server" / "page"
    files = {
        f"wherein/{path.relative_to(ROOT)}" for kind in ("templates", "assets") for path in (page / kind).iterdir()
    }
    assert files
    assert files <= set(names)
    assert {"wherein/py.typed", *(f"wherein/embed/default/{path.name}" for path in default_model())} <= set(names)


def wherein_version() -> str:
    return str(tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"])


def default_model() -> list[Path]:
    files = sorted((ROOT / "embed" / "default").iterdir())
    assert {"model.json", "model.xml", "model.bin", "tokenizer.json"} <= {path.name for path in files}
    return files


def parts() -> set[str]:
    """The folders at the top of the tree that belong to the package."""
    return {path.parent.name for path in ROOT.glob("*/__init__.py")} - set(UNPACKED)


def test_the_list_of_packages_matches_the_tree() -> None:
    listed = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["packages"]
    found = {path.parent for part in parts() for path in (ROOT / part).rglob("__init__.py")}
    assert sorted(listed) == sorted(["wherein", *(".".join(("wherein", *p.relative_to(ROOT).parts)) for p in found)])


def test_a_folder_with_modules_of_the_same_names_does_not_disturb_it(installed: Path, tmp_path: Path) -> None:
    for name in ("errors", "search", "library", "embed", "cli"):
        (tmp_path / f"{name}.py").write_text('raise SystemExit("this is the user\'s own module")\n')
    (tmp_path / "storage").mkdir()
    (tmp_path / "storage" / "__init__.py").write_text('raise SystemExit("this is the user\'s own package")\n')
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "lease.txt").write_text("The lease may be signed by the owner of the house.")
    environment = {**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{installed}"}

    def run(*command: str) -> str:
        done = subprocess.run(
            [sys.executable, *command], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert run("-c", "import wherein; print(wherein.__file__)") == f"{installed / 'wherein' / '__init__.py'}\n"
    assert run("-m", "wherein", "--library", "kept", "ingest", "docs").startswith("1 new")
    found = json.loads(run("-m", "wherein", "--library", "kept", "query", "who may sign?", "--json"))
    assert [Path(hit["uri"]).name for hit in found["hits"]] == ["lease.txt"]


def test_a_name_that_does_not_exist_is_an_attribute_error() -> None:
    assert all(getattr(wherein, name).__module__.startswith("wherein.") for name in wherein.__all__)
    with pytest.raises(AttributeError, match="no attribute 'Librarian'"):
        wherein.Librarian  # noqa: B018


def test_importing_it_imports_nothing_heavy() -> None:
    check = (
        "import sys, wherein; print([name for name in ('numpy', 'sqlite3', 'wherein.library') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
