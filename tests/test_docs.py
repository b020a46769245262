"""The documentation is right: generated pages are up to date, links lead somewhere, commands exist, examples run."""

import configparser
import importlib.util
import io
import json
import os
import re
import shutil
import subprocess
import tomllib
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import unquote

import click
import pytest

from documented import PAGES, ROOT, anchors, blocks, commands, links, shell, transcript, without_figures
from homes import HOMES, LEASE, RUN_ELSEWHERE
from served import serving
from toy import toy_library
from wherein import cli
from wherein.ingest.readers.registry import BY_SUFFIX, BY_ZIP_KIND, MODULES, reader_in
from wherein.ingest.readers.text import plain
from wherein.search.filters.parse import MEDIA_TYPES, parse_filter
from wherein.server.settings import Settings

DOCS = ROOT / "docs"

Run = Callable[[str], str]


def name_of(page: Path) -> str:
    return str(page.relative_to(ROOT))


def script(name: str) -> ModuleType:
    """Return a script of `docs` as a module."""
    spec = importlib.util.spec_from_file_location(name, ROOT / "docs" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_document_type_is_listed() -> None:
    listed = re.search("`--type NAME`: `([^`]*)`", (DOCS / "querying.md").read_text("utf-8"))
    assert listed is not None
    assert listed[1].split() == ", ".join(MEDIA_TYPES).split()


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


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_link_leads_somewhere(page: Path) -> None:
    for link in links(page):
        if re.match(r"https?://", link):
            continue
        path, _, anchor = unquote(link).partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        assert target.is_relative_to(ROOT), link
        assert not anchor or anchor in anchors(target), link


def test_a_link_to_a_heading_that_is_not_there_would_be_noticed(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# One `two` & three\n\n## Same\n\n## Same\n\n[a](#same-1) and `[b](code.md)` and ![c](c.png)\n")
    assert anchors(page) == {"one-two--three", "same", "same-1"}
    assert links(page) == ["#same-1", "c.png"]


def test_the_index_leads_to_every_page() -> None:
    assert {DOCS / link for link in links(DOCS / "README.md")} >= {*DOCS.glob("*.md")} - {DOCS / "README.md"}


@pytest.mark.parametrize("page", [page for page in PAGES if any(commands(page))], ids=name_of)
def test_every_command_and_option_exists(page: Path) -> None:
    for words in commands(page):
        command: click.Command = cli.main
        options = {option for parameter in command.params for option in parameter.opts} | {"-h", "--help", "--version"}
        for word in words:
            name, _, _ = word.partition("=")
            if re.match(r"--?[a-z]", name):
                assert name in options, (words, name)
            elif (
                isinstance(command, click.Group)
                and re.fullmatch("[a-z]+", word)
                and options.isdisjoint(words[words.index(word) - 1 : words.index(word)])
            ):
                found = command.get_command(click.Context(command), word)
                assert found is not None, words
                command = found
                options |= {option for parameter in command.params for option in parameter.opts}


def test_every_extra_exists() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
    for page in PAGES:
        for named in re.findall(r"wherein\[([a-z,]+)\]", page.read_text("utf-8")):
            assert set(named.split(",")) <= set(extras), page


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path.resolve()


@pytest.fixture
def run(home: Path, environment: dict[str, str]) -> Run:
    """Return a function that runs a script in the home folder, and fails where a command of it does."""
    user = {name: value for name, value in environment.items() if not name.startswith("WHEREIN_")}

    def run(script: str) -> str:
        done = shell(script, home, user)
        assert done.returncode == 0, (script, done)
        return done.stdout

    return run


@pytest.mark.slow
@pytest.mark.parametrize("page", HOMES)
def test_the_commands_of_a_page_run_in_their_order_and_print_what_it_shows(page: str, home: Path, run: Run) -> None:
    HOMES[page](home, run)
    for block in blocks(ROOT / page, "sh", ""):
        if block.language == "sh":
            run(block.text)
        for command, shown in transcript(block):
            assert without_figures(run(f"({command}) 2>&1"), home) == without_figures(shown, home), command


def test_every_block_for_a_shell_is_run() -> None:
    for page in PAGES:
        if blocks(page, "sh"):
            assert (name_of(page) in HOMES) != (name_of(page) in RUN_ELSEWHERE), page
    assert all((ROOT / test).exists() for test in RUN_ELSEWHERE.values())
    assert {block.language for page in PAGES for block in blocks(page)} <= {"", "sh", "python", "json", "ini"}


def test_the_requests_of_the_page_about_serving_are_answered(home: Path, run: Run) -> None:
    (home / "notes" / "2025").mkdir(parents=True)
    (home / "notes" / "lease.md").write_text(LEASE)
    for name in ("minutes.txt", "report.pdf"):
        (home / name).write_text("The board met on Monday.")
    with (
        toy_library(home / "library", home / "notes") as library,
        serving(library, Settings(roots=(str(home),))) as served,
    ):
        for block in blocks(DOCS / "serving.md", "sh"):
            for line in block.text.splitlines():
                if line.startswith("curl"):
                    local = line.replace(":8080", f":{served.port}").replace("/home/me/", f"{home}/")
                    local = local.replace(', "https://example.com/"', "")  # which is not on this machine
                    answer = run(local.replace("curl", "curl --noproxy '*' --fail-with-body", 1))
                    assert "-O" in line or json.loads(answer) is not None, line
    assert LEASE in (home / "lease.md").read_text()


def test_what_is_shown_of_files_can_be_read() -> None:
    for page in PAGES:
        for block in blocks(page, "json"):
            json.loads(block.text)
        for block in blocks(page, "ini"):
            configparser.ConfigParser(interpolation=None).read_string(block.text)


def test_the_conditions_of_the_page_about_asking_are_valid() -> None:
    conditions = re.findall(r"^--where \"(.*)\"$", (DOCS / "querying.md").read_text("utf-8"), re.MULTILINE)
    assert len(conditions) == 2
    assert all(parse_filter(where=condition) for condition in conditions)


def test_the_reader_of_the_page_about_readers_reads() -> None:
    (block,) = blocks(DOCS / "readers.md", "python")
    names: dict[str, Any] = dict(vars(plain))
    exec(compile(block.text, "readers.md", "exec"), names)
    (document,) = names["READER"].read(io.BytesIO(b"; a comment\n[lease]\nsigned = yes\n"), "a.ini")
    assert (document.title, document.text) == ("a.ini", "[lease]\nsigned = yes")


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
