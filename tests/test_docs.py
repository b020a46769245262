"""The documentation is right: generated pages are up to date, links lead to files, commands exist."""

import importlib.util
import os
import re
import shutil
import subprocess
from pathlib import Path
from types import ModuleType

import click
import pytest

import wherein
from wherein import cli
from wherein.ingest.readers.registry import BY_SUFFIX, BY_ZIP_KIND, MODULES, reader_in

ROOT = Path(wherein.__file__).resolve().parent
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])


def script(name: str) -> ModuleType:
    """Return a script of `docs` as a module."""
    spec = importlib.util.spec_from_file_location(name, ROOT / "docs" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_generated_pages_are_up_to_date() -> None:
    for page, text in script("generate").pages().items():
        assert page.read_text("utf-8") == text, "run: python docs/generate.py"


def test_every_command_has_a_manual_page_and_nothing_else_has_one() -> None:
    generate = script("generate")
    assert set(generate.manual()) == set(generate.MANUAL.iterdir())


def test_manual_pages_are_rendered_without_a_warning() -> None:
    if shutil.which("man") is None:
        pytest.skip("man is not installed")
    for page in sorted((ROOT / "docs" / "man").iterdir()):
        done = subprocess.run(
            ["man", "--warnings", "--local-file", str(page)],
            env={**os.environ, "MANWIDTH": "80", "LC_ALL": "C.UTF-8", "MANPAGER": "cat"},
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert (done.returncode, done.stderr) == (0, ""), page
        shown = re.sub(".\b", "", done.stdout)
        assert f"{page.stem} - " in " ".join(shown.split()), page
        assert "SYNOPSIS" in shown


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        (".start", r"\&.start"), ("'tis", r"\(aqtis"), ("a\\b -c", r"a\eb \-c"), ("…", r"\[u2026]"),
        ("`x`", r"\(gax\(ga"),
    ],
)  # fmt: skip
def test_no_character_of_a_text_means_anything_to_roff(text: str, escaped: str) -> None:
    assert script("man_pages")._escaped(text) == escaped


def test_the_transcript_of_an_agent_is_what_the_program_does() -> None:
    agents = script("agents")
    assert agents.PAGE.read_text("utf-8") == agents.page(), "run: python docs/agents.py"


def test_every_reader_and_suffix_is_in_the_table() -> None:
    page = (ROOT / "docs" / "readers.md").read_text("utf-8")
    for module in MODULES:
        assert f"| {reader_in(module).name} |" in page, module
    for suffix in (*BY_SUFFIX, *(f".{kind}" for kind in BY_ZIP_KIND)):
        assert f"`{suffix}`" in page, suffix


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_to_a_file(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text("utf-8")):
        assert (page.parent / target).exists(), target


def test_the_examples_of_the_python_page_run_in_their_order(
    tmp_path: Path, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", environment["XDG_CACHE_HOME"])
    monkeypatch.chdir(tmp_path)
    (tmp_path / "notes" / "2024").mkdir(parents=True)
    (tmp_path / "notes" / "lease.md").write_text("# Lease\n\nThe owner may sign the lease.\n\nHe has the keys.")
    (tmp_path / "notes" / "old.md").write_text("The tenant may sign the lease.")
    (tmp_path / "notes" / "2024" / "bread.md").write_text("---\nauthor: Ada\n---\nThe dough rests for an hour.")
    examples = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "python.md").read_text("utf-8"), re.DOTALL)
    names: dict[str, object] = {}
    for example in examples:
        exec(compile(example, "python.md", "exec"), names)
    assert len(examples) == 9
    shown = capsys.readouterr().out
    assert shown.startswith("3 new, 0 failed\n")
    assert "notes/lease.md#1 None " in shown  # no chance: there are too few passages
    assert "The dough rests for an hour." in shown
    assert "There is no document no such document; see: wherein documents list" in shown


def test_every_command_in_the_readme_exists() -> None:
    context = click.Context(cli.main)
    table = re.findall(r"`wherein ([a-z]+)([^`]*)`(?=[^\n]*\|)", (ROOT / "README.md").read_text("utf-8"))
    assert {name for name, _ in table} == set(cli.main.list_commands(context))
    for name, rest in table:
        below = getattr(cli.main.get_command(context, name), "commands", None)
        assert below is None or set(re.findall(r"[a-z]+", rest)) == set(below)
