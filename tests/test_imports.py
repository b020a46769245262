"""Imports run one way, between the parts and inside `storage`, as `docs/contributing.md` draws it."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import wherein

ROOT = Path(wherein.__file__).resolve().parent
ALLOWED = {
    "cli": {"commands", "streams", "errors"},
    "commands": {
        "render",
        "terminal",
        "systemd",
        "crontab",
        "streams",
        "diagnosis",
        "server",
        "library",
        "evaluation",
        "ingest",
        "search",
        "storage",
        "embed",
        "uri",
        "installation",
        "errors",
    },
    "render": {"terminal", "ingest", "search", "uri", "errors"},
    "terminal": set(),
    "streams": {"errors"},
    "systemd": {"errors"},
    "crontab": {"errors"},
    "diagnosis": {"library", "ingest", "storage", "embed", "uri", "installation", "errors"},
    "server": {"render", "terminal", "library", "ingest", "search", "storage", "uri", "installation", "errors"},
    "library": {"ingest", "search", "evaluation", "storage", "embed", "uri", "installation", "errors"},
    "evaluation": {"search", "storage", "embed", "uri", "installation", "errors"},
    "ingest": {"storage", "embed", "uri", "installation", "errors"},
    "search": {"storage", "embed", "uri", "errors"},
    "storage": {"uri", "installation", "errors"},
    "embed": {"storage", "installation", "errors"},
    "uri": {"errors"},
    "installation": set(),
    "errors": set(),
}
STORAGE_OPEN_TO = {"embed": {"disk"}}
"""The folders of `storage` that a part may import, where it may not import all of them."""
STORAGE = {
    "export": {"store", "backup", "repair", "index", "filters", "catalog", "disk"},
    "backup": {"repair", "index", "filters", "catalog", "disk"},
    "cleanup": {"index", "filters", "catalog", "disk"},
    "repair": {"index", "filters", "catalog", "disk"},
    "store": {"index", "filters", "catalog", "disk"},
    "index": {"filters", "catalog", "disk"},
    "filters": {"catalog", "disk"},
    "catalog": {"disk"},
    "disk": set(),
}


def imported(source: str) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return {name.removeprefix("wherein.") for name in names if name.startswith("wherein.")}


def violations(part: str, source: str) -> set[str]:
    """Return the parts that a module of `part` imports although it may not; `part` is a folder, or `storage.folder`."""
    split = [name.split(".") for name in imported(source)]
    tops = {name[0] for name in split}
    top, _, folder = part.partition(".")
    wrong = (tops & set(ALLOWED)) - ALLOWED[top] - {top}
    allowed = STORAGE[folder] | {folder} if folder else STORAGE_OPEN_TO.get(top)
    if allowed is not None:
        wrong |= {".".join(name[:2]) for name in split if name[0] == "storage" and not allowed & set(name[1:2])}
    return wrong


def modules() -> Iterator[tuple[str, Path]]:
    for part in ALLOWED:
        single = ROOT / f"{part}.py"
        for path in [single] if single.exists() else sorted((ROOT / part).rglob("*.py")):
            inside = path.relative_to(ROOT).parts
            yield (f"storage.{inside[1]}" if part == "storage" and len(inside) > 2 else part), path


@pytest.mark.parametrize(("part", "path"), list(modules()), ids=lambda value: str(value))
def test_imports_run_one_way(part: str, path: Path) -> None:
    assert violations(part, path.read_text()) == set()


def test_every_part_is_in_the_order() -> None:
    parts = {path.stem if path.suffix else path.name for path in ROOT.iterdir() if (path / "__init__.py").exists()}
    files = {path.stem for path in ROOT.glob("*.py") if not path.stem.startswith("__")}
    assert (parts - {"recipe", "tests", "bench", "docs", "build", ".typed"}) | files == set(ALLOWED)
    assert {path.parent.name for path in ROOT.glob("storage/*/__init__.py")} == set(STORAGE)


def test_a_wrong_import_is_noticed() -> None:
    assert violations("storage", "from wherein.embed.encoder import Encoder\nimport wherein.errors") == {"embed"}
    assert violations("ingest", "import wherein.search.semantic") == {"search"}
    assert violations("ingest", "from wherein import search") == {"search"}
    assert violations("storage.index", "from wherein.storage.repair.verify import verify") == {"storage.repair"}


def test_embed_may_import_storage_disk_and_no_other_folder_of_storage() -> None:
    assert violations("embed", "from wherein.storage.disk.fsync import fsync\nimport wherein.storage.disk") == set()
    assert violations("embed", "from wherein.storage.catalog.models import now") == {"storage.catalog"}
    assert violations("embed", "from wherein.storage import index") == {"storage.index"}
    assert violations("embed", "import wherein.storage") == {"storage"}
    assert violations("embed", "import wherein.search.semantic") == {"search"}


def test_errors_imports_nothing() -> None:
    tree = ast.parse((ROOT / "errors.py").read_text())
    assert not [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]


def test_a_question_does_not_import_parts_that_it_does_not_need() -> None:
    check = (
        "import sys, wherein.cli, wherein.commands.query, wherein.library, wherein.search.semantic; print(*sys.modules)"
    )
    loaded = subprocess.run([sys.executable, "-c", check], cwd=ROOT, capture_output=True, text=True, check=True)
    needless = {
        "wherein.commands.ingest",
        "wherein.commands.reporter",
        "wherein.evaluation.run",
        "wherein.ingest.progress.events",
        "wherein.library.status",
        "wherein.storage.cleanup.purge",
        "wherein.storage.index.folding",
        "wherein.storage.repair.findings",
        "wherein.terminal",
        "wherein.embed.answer_extractor",
        "wherein.search.exact_answer",
        "importlib.metadata",
        "email",
        "socket",
        "zipfile",
        "asyncio",
        "starlette",
        "mcp",
        "pydantic",
        "watchfiles",
        "msgspec",
        "sqlite_utils",
        "faiss",
        "openvino",
        "pathspec",
        "selectolax",
        "pypdfium2",
        "markdown_it",
        "rich",
        "yaml",
        "zstandard",
    }
    assert needless & set(loaded.stdout.split()) == set()
