"""Imports run one way: cli -> library -> ingest | search -> storage | embed -> errors."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ALLOWED = {
    "cli": {"show", "library", "ingest", "search", "storage", "embed", "errors"},
    "show": {"ingest", "search", "errors"},
    "library": {"ingest", "search", "storage", "embed", "errors"},
    "ingest": {"storage", "embed", "errors"},
    "search": {"storage", "embed", "errors"},
    "storage": {"errors"},
    "embed": {"errors"},
    "errors": set(),
}


def imported(source: str) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add(node.module or "")
    return {name.removeprefix("wherein.").partition(".")[0] for name in names if name.startswith("wherein.")}


def violations(part: str, source: str) -> set[str]:
    return (imported(source) & set(ALLOWED)) - ALLOWED[part] - {part}


def modules() -> Iterator[tuple[str, Path]]:
    for part in ALLOWED:
        single = ROOT / f"{part}.py"
        for path in [single] if single.exists() else sorted((ROOT / part).rglob("*.py")):
            yield part, path


@pytest.mark.parametrize(("part", "path"), list(modules()), ids=lambda value: str(value))
def test_imports_run_one_way(part: str, path: Path) -> None:
    assert violations(part, path.read_text()) == set()


def test_a_wrong_import_is_noticed() -> None:
    assert violations("storage", "from wherein.embed.encoder import Encoder\nimport wherein.errors") == {"embed"}
    assert violations("ingest", "import wherein.search.semantic") == {"search"}


def test_errors_imports_nothing() -> None:
    tree = ast.parse((ROOT / "errors.py").read_text())
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]


def test_a_question_does_not_wait_for_parts_that_it_has_no_use_for() -> None:
    check = "import sys, wherein.cli, wherein.library, wherein.search.semantic; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", check], cwd=ROOT, capture_output=True, text=True, check=True)
    needless = {
        "wherein.embed.reader",
        "wherein.search.answer",
        "sqlite_utils",
        "faiss",
        "openvino",
        "pathspec",
        "selectolax",
        "pypdfium2",
        "markdown_it",
        "rich",
        "zstandard",
    }
    assert needless & set(loaded.stdout.split()) == set()
