"""The documentation is right: generated pages are up to date, links lead to files, commands exist."""

import importlib.util
import re
from pathlib import Path

import click
import pytest

import wherein
from wherein import cli
from wherein.ingest.readers.registry import BY_SUFFIX, BY_ZIP_KIND, MODULES, reader_in

ROOT = Path(wherein.__file__).resolve().parent
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])


def test_generated_pages_are_up_to_date() -> None:
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    generate = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generate)
    for page, text in generate.pages().items():
        assert page.read_text("utf-8") == text, "run: python docs/generate.py"


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


def test_every_command_in_the_readme_exists() -> None:
    context = click.Context(cli.main)
    table = re.findall(r"`wherein ([a-z]+)([^`]*)`(?=[^\n]*\|)", (ROOT / "README.md").read_text("utf-8"))
    assert {name for name, _ in table} == set(cli.main.list_commands(context))
    for name, rest in table:
        below = getattr(cli.main.get_command(context, name), "commands", None)
        assert below is None or set(re.findall(r"[a-z]+", rest)) == set(below)
