"""A walk of a part of a source comes across what a walk of the whole source comes across there."""

# Paths stay strings, as in the product.
# ruff: noqa: PTH118

import os
from pathlib import Path

import pytest

from wherein.ingest.sources.exclusions import Exclusions, Rules
from wherein.ingest.sources.files import FoundFile, FoundLink, walk
from wherein.ingest.sources.names import SourceName, source_name
from wherein.ingest.sources.own_files import OwnFiles
from wherein.ingest.sources.scope import Scope, scope_of

FILES = (
    "top.md", "a/one.md", "a/two.txt", "a/deep/er/three.md", "a/ignored/four.md", "a/ignored/kept.md", "b/one.md",
    ".hidden/five.md", "a/.six.md", "node_modules/seven.md", "odd [1]/eight*.md", "private/nine.md", "outer/ten.md",
    "own/catalog.db", "own/writer.lock", "own/eleven.md", "b/been/twelve.md",
)  # fmt: skip
PATTERNS = ("", "*.md", "*/*.md", "a/**/*.md", "**/one.md", "[ab]/*", ".hid*/*.md", "b/../a/*.md", "*/deep")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "tree"
    for name in FILES:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(name)
    (root / ".git").mkdir()
    (root / ".gitignore").write_text("outer/\n")
    (root / "a" / ".gitignore").write_text("ignored/*\n!ignored/kept.md\n")
    elsewhere = tmp_path / "elsewhere"
    (elsewhere / "sub").mkdir(parents=True)
    (elsewhere / "sub" / "far.md").write_text("far")
    (root / "link").symlink_to(elsewhere)
    (root / "file link.md").symlink_to(elsewhere / "sub" / "far.md")
    (root / "loop").symlink_to(root / "a")
    (root / "to outer").symlink_to(root / "outer")
    return root


def found(name: SourceName, scope: Scope | None = None) -> tuple[set[str], dict[str, str]]:
    exclusions = Exclusions(Rules(name.path, ("/private",)))
    items = list(walk(name, exclusions, OwnFiles(), scope))
    links = {item.path: item.target for item in items if isinstance(item, FoundLink)}
    return {item.path for item in items if isinstance(item, FoundFile)}, links


def every_path(folder: Path) -> list[str]:
    return [str(folder), *(os.path.join(top, name) for top, dirs, files in os.walk(folder) for name in dirs + files)]


@pytest.mark.parametrize("pattern", PATTERNS)
def test_of_each_path_the_part_is_what_the_whole_walk_finds_there(tree: Path, pattern: str) -> None:
    name = source_name(os.path.join(tree, pattern)) if pattern else SourceName(str(tree))
    files, links = found(name)
    paths = [
        *every_path(tree),
        *every_path(tree.parent / "elsewhere"),
        str(tree / "gone" / "file.md"),
        str(tree.parent),
    ]
    for path in paths:
        scope = scope_of(name.path, [path], links)
        real = os.path.realpath(path)
        expected = {file for file in files if file == real or file.startswith(real.rstrip("/") + "/")}
        assert (found(name, scope)[0] if scope else set()) >= expected, path
        assert (found(name, scope)[0] if scope else set()) <= files, path


def test_a_link_that_has_gone_stands_for_what_it_led_to(tree: Path) -> None:
    (tree / "link").unlink()
    far = str(tree.parent / "elsewhere")
    links = {str(tree / "link"): far, str(tree / "file link.md"): f"{far}/sub/far.md"}
    scope = scope_of(str(tree), [str(tree / "link")], links)
    assert scope is not None
    assert far in scope.real
    assert found(SourceName(str(tree)), scope)[0] == {f"{far}/sub/far.md"}  # by the other link


@pytest.mark.parametrize("changed", ["/elsewhere/a.md", "/treehouse/a.md", "/tree.md"])
def test_what_is_outside_of_a_source_has_no_scope(changed: str) -> None:
    assert scope_of("/tree", [changed], {}) is None


@pytest.mark.parametrize("changed", ["/", "/up", "/up/tree"])
def test_when_a_folder_above_a_source_has_changed_all_of_it_is_looked_at(changed: str) -> None:
    scope = scope_of("/up/tree", [changed], {})
    assert scope is not None
    assert scope.paths == {"/up/tree"}
    assert scope.names_in("/up/tree") is None
    assert scope.names_in("/up/tree/sub") is None


def test_folders_on_the_way_to_a_scope_are_entered_by_name() -> None:
    scope = Scope(frozenset(["/tree/a/b/c.md", "/tree/a/d"]), frozenset())
    assert scope.names_in("/tree") == ["a"]
    assert scope.names_in("/tree/a") == ["b", "d"]
    assert scope.names_in("/tree/a/d") is None
    assert scope.names_in("/tree/e") == []
