"""The public Python API: its names, that all of it has types, and docstrings of one form."""

import dataclasses
import inspect
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

import wherein
import wherein.library
from wherein.library.following import Following
from wherein.library.upkeep import Upkeep

ROOT = Path(wherein.__file__).resolve().parent
FACADE = ["Library", "WhereinError", "evaluate"]
LIBRARY = [
    "Answer", "Correction", "Fields", "Filter", "Finding", "Hit", "Library", "Measured", "Progress", "Provenance",
    "Repair", "ResultOptions", "RunProblem", "Status", "StoredDocument", "Summary", "Verification", "parse_filter",
]  # fmt: skip


def test_the_names_are_these() -> None:
    """A name that is removed, or is no longer found, breaks programs: see the rule in docs/contributing.md."""
    assert sorted(wherein.__all__) == FACADE
    assert sorted(wherein.library.__all__) == LIBRARY
    assert all(getattr(wherein, name) for name in FACADE)
    assert all(getattr(wherein.library, name) for name in LIBRARY)
    assert dir(wherein) == FACADE


def members() -> Iterator[tuple[str, object]]:
    """Yield what is public: the exported names, and the methods and properties of the classes among them."""
    for module, names in ((wherein, FACADE), (wherein.library, LIBRARY)):
        for name in names:
            thing = getattr(module, name)
            yield name, thing
            if isinstance(thing, type):
                for owner in (thing, *(base for base in (Following, Upkeep) if thing is wherein.library.Library)):
                    yield from (
                        (f"{name}.{attribute}", member)
                        for attribute, member in vars(owner).items()
                        if not attribute.startswith("_")
                        and (callable(member) or isinstance(member, property | classmethod))
                    )


@pytest.mark.parametrize(("name", "thing"), [pytest.param(*member, id=member[0]) for member in dict(members()).items()])
def test_everything_has_a_docstring_of_the_agreed_form(name: str, thing: object) -> None:
    """One line that is a sentence; then, after a blank line, what else there is to say."""
    text = inspect.getdoc(thing)
    assert text, name
    first, *rest = text.splitlines()
    assert first[0].isupper() or first[0] in '`"', (name, first)
    assert first.endswith((".", ":")) or (rest and rest[0]), (name, first)
    assert len(first) <= 120
    assert text.rstrip().endswith((".", ")", "text)")), (name, text[-40:])


def functions() -> Iterator[tuple[str, object]]:
    for name, thing in dict(members()).items():
        function = thing.fget if isinstance(thing, property) else getattr(thing, "__func__", thing)
        if inspect.isfunction(function):
            yield name, inspect.unwrap(function)


@pytest.mark.parametrize(("name", "function"), [pytest.param(*one, id=one[0]) for one in functions()])
def test_every_parameter_and_result_has_a_type(name: str, function: object) -> None:
    signature = inspect.signature(function)  # type: ignore[arg-type]
    assert signature.return_annotation is not signature.empty, name
    untyped = [
        p.name for p in signature.parameters.values() if p.annotation is p.empty and p.name not in ("self", "cls")
    ]
    assert untyped == [], name


def test_results_are_values() -> None:
    for name in LIBRARY:
        thing = getattr(wherein.library, name)
        if isinstance(thing, type) and name != "Library":
            assert dataclasses.is_dataclass(thing), name
            assert thing.__dataclass_params__.frozen, name  # type: ignore[attr-defined]


@pytest.mark.slow
def test_pyright_knows_every_type_of_the_public_api(tmp_path: Path) -> None:
    if find_spec("pyright") is None:
        pytest.skip("pyright is missing; install wherein[release]")
    for path in (ROOT / "py.typed", *ROOT.rglob("*.py")):
        inside = path.relative_to(ROOT)
        if inside.parts[0] not in ("tests", "bench", "docs", "recipe", "build") and not inside.parts[0].startswith("."):
            (tmp_path / "wherein" / inside).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, tmp_path / "wherein" / inside)
    done = subprocess.run(
        [sys.executable, "-m", "pyright", "--pythonpath", sys.executable, "--verifytypes", "wherein",
         "--ignoreexternal", "--outputjson"],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), *sys.path])},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    checked = json.loads(done.stdout)["typeCompleteness"]
    public = [symbol for symbol in checked["symbols"] if symbol["isExported"] and _is_public(symbol["name"])]
    assert len(public) > 150
    assert [(symbol["name"], symbol["diagnostics"]) for symbol in public if not symbol["isTypeKnown"]] == []


def _is_public(name: str) -> bool:
    """Whether a symbol is of the modules that a program imports, or of a class among what they export."""
    classes = {f"{member.__module__}.{member.__qualname__}" for _, member in members() if isinstance(member, type)}
    owner = name.rpartition(".")[0]
    return name in classes or owner in classes or owner in ("wherein", "wherein.library", "wherein.errors")
