# Names that cannot be decoded need the functions of os.
# ruff: noqa: PTH102, PTH106, PTH118, PTH119, PTH123

import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from wherein.ingest.sources import files as module
from wherein.ingest.sources.exclusions import Exclusions, Rules
from wherein.ingest.sources.files import walk as walk_source
from wherein.ingest.sources.found import FoundFile, FoundLink, WalkError
from wherein.ingest.sources.names import source_name
from wherein.ingest.sources.own_files import OwnFiles


@pytest.fixture
def tree(tmp_path: Path) -> Callable[..., Path]:
    """A function that makes files under a folder of its own; a name may be followed by ` = content`."""

    def make(*names: str) -> Path:
        for name in names:
            path, _, content = name.partition(" = ")
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / path).write_text(content)
        return tmp_path

    return make


def walk(source: str, exclude: tuple[str, ...] = ()) -> Iterator[FoundFile | WalkError]:
    """What a walk finds, less the links."""
    name = source_name(source)
    found = walk_source(name, Exclusions(Rules(name.path, exclude)), OwnFiles())
    return (item for item in found if not isinstance(item, FoundLink))


def links(root: Path, source: str) -> list[tuple[str, str]]:
    found = walk_source(source_name(str(root / source)), Exclusions(Rules("/", ())), OwnFiles())
    return [
        (os.path.relpath(item.path, root), os.path.relpath(item.target, root))
        for item in found
        if isinstance(item, FoundLink)
    ]


def names(root: Path, *sources: str, exclude: tuple[str, ...] = ()) -> list[str]:
    """The paths relative to `root` that a walk finds; none may be unwalkable."""
    found = [item for source in sources or ("",) for item in walk(str(root / source), exclude)]
    assert [item for item in found if isinstance(item, WalkError)] == []
    return [os.path.relpath(item.path, root) for item in found]


def problems(root: Path, *sources: str) -> list[tuple[str, str]]:
    found = (item for source in sources or ("",) for item in walk(str(root / source)))
    return [(os.path.relpath(item.path, root), item.reason) for item in found if isinstance(item, WalkError)]


def failures(root: Path, *sources: str) -> list[str]:
    found = (item for source in sources or ("",) for item in walk(str(root / source)))
    return [os.path.relpath(item.path, root) for item in found if isinstance(item, WalkError) and not item.is_skipped]


def test_files_are_sorted_and_described(tree: Callable[..., Path]) -> None:
    root = tree("b.txt = four", "a/z.txt", "a/b/c.txt", "c.txt", "B.txt")
    assert names(root) == ["B.txt", "a/b/c.txt", "a/z.txt", "b.txt", "c.txt"]
    status = (root / "b.txt").stat()
    assert list(walk(str(root / "b.txt"))) == [
        FoundFile(str(root / "b.txt"), 4, status.st_mtime_ns, status.st_ino, status.st_ctime_ns)
    ]


def test_paths_are_absolute(tree: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    root = tree("a/b.txt")
    monkeypatch.chdir(root)
    for source in ("a", "./a/", "a/b.txt", "a/../a", "a/*.txt", "**/b.txt"):
        assert [item.path for item in walk(source)] == [str(root / "a/b.txt")]


def test_hidden_and_generated_files_are_left_out(tree: Callable[..., Path]) -> None:
    root = tree(".env", ".git/config", "a/.b/c", "a/__pycache__/x.pyc", "node_modules/y.js", "z")
    assert names(root) == ["z"]
    assert names(root, ".env", "node_modules", "a/.b", "a/__pycache__/x.pyc") == [
        ".env",
        "node_modules/y.js",
        "a/.b/c",
        "a/__pycache__/x.pyc",
    ]


def test_gitignore_at_each_level(tree: Callable[..., Path]) -> None:
    root = tree(
        ".gitignore = # comment\n*.log\nbuild/\n/top.txt\n!\n",
        "a.log",
        "build/x",
        "sub/build/x",
        "sub/top.txt",
        "sub/.gitignore = !keep.log\n/only.txt\r\n",
        "sub/keep.log",
        "sub/drop.log",
        "sub/only.txt",
        "sub/deep/only.txt",
        "sub/deep/build",
        "top.txt",
    )
    assert names(root) == ["sub/deep/build", "sub/deep/only.txt", "sub/keep.log", "sub/top.txt"]
    assert names(root, "a.log") == ["a.log"]
    assert names(root, "build") == ["build/x"]


def test_gitignore_above_the_source(tree: Callable[..., Path]) -> None:
    root = tree(
        "repo/.git/config",
        "repo/.gitignore = *.log\n/out\n",
        "repo/a/.gitignore = b/c.txt\n",
        "repo/a/b/c.txt",
        "repo/a/b/d.txt",
        "repo/a/b/e.log",
        "repo/out/deep/f.log",
        ".gitignore = *.txt\n",
    )
    assert names(root, "repo/a/b") == ["repo/a/b/d.txt"]
    # What is named outright is taken, although the repository ignores it.
    assert names(root, "repo/out/deep") == ["repo/out/deep/f.log"]
    assert names(root, "repo") == ["repo/a/b/d.txt"]


def test_gitignore_above_counts_only_in_a_repository(tree: Callable[..., Path]) -> None:
    root = tree(".gitignore = *.log\n", "a/b.log")
    assert names(root, "a") == ["a/b.log"]


def test_exclude(tree: Callable[..., Path]) -> None:
    root = tree("a.txt", "b.md", "sub/a.txt", "sub/b.md", "sub/.gitignore = b.md\n", "old/x")
    assert names(root, exclude=("/a.txt", "old/")) == ["b.md", "sub/a.txt"]
    assert names(root, exclude=("a.txt", "!sub/b.md")) == ["b.md", "old/x", "sub/b.md"]
    assert names(root, "a.txt", exclude=("a.txt",)) == ["a.txt"]


def test_globs(tree: Callable[..., Path]) -> None:
    root = tree("a.md", "b.txt", "sub/c.md", "sub/deep/d.md", "sub/node_modules/e.md", ".gitignore = sub/f.md")
    tree("sub/f.md", "x/sub/g.txt")
    assert names(root, "*.md") == ["a.md"]
    assert names(root, "su*") == ["sub/c.md", "sub/deep/d.md", "sub/f.md"]
    assert names(root, "**/*.md") == ["a.md", "sub/c.md", "sub/deep/d.md"]
    assert names(root, "sub/**/[cd].md") == ["sub/c.md", "sub/deep/d.md"]
    assert names(root, "**/sub") == ["sub/c.md", "sub/deep/d.md", "x/sub/g.txt"]
    assert problems(root, "*.pdf", "**/*.pdf", "no/**/x") == [
        ("*.pdf", "no file matches this pattern"),
        ("**/*.pdf", "no file matches this pattern"),
        ("no/**/x", "no file matches this pattern"),
    ]


def test_a_name_that_looks_like_a_pattern(tree: Callable[..., Path]) -> None:
    root = tree("a[1].txt", "a1.txt", "what?/b")
    assert names(root, "a[1].txt", "what?") == ["a[1].txt", "what?/b"]


def test_exclusions_hold_for_what_a_pattern_matches(tree: Callable[..., Path]) -> None:
    root = tree("r/priv/s.txt", "r/top.txt", "r/b.txt", "r/sub/priv/t.txt", "r/sub/u.txt")
    assert names(root, "r/*", exclude=("priv", "/top.txt")) == ["r/b.txt", "r/sub/u.txt"]
    assert names(root, "r/*/*", exclude=("priv",)) == ["r/sub/u.txt"]
    assert names(root, "r/p*/s.txt", exclude=("/priv",)) == []


def test_each_file_once_by_its_real_path_and_each_link(tree: Callable[..., Path]) -> None:
    root = tree("a/b.txt", "c.txt")
    (root / "a/link.txt").symlink_to("b.txt")
    (root / "z").symlink_to("a")
    os.link(root / "c.txt", root / "hard.txt")
    assert names(root) == ["a/b.txt", "c.txt", "hard.txt"]
    assert links(root, "") == [("a/link.txt", "a/b.txt"), ("z", "a")]
    for source in ("z", "a", "a/link.txt", "z/../a/b.txt"):
        assert names(root, source) == ["a/b.txt"]
    assert names(root, "z/*.txt") == ["a/b.txt"]
    assert links(root, "z/*.txt") == [("a/link.txt", "a/b.txt")]


def test_links_that_lead_out_are_followed(tree: Callable[..., Path]) -> None:
    root = tree("in/a", "out/b", "out/c.txt = four", "out/d/e")
    (root / "in/folder").symlink_to(root / "out")
    assert names(root, "in") == ["in/a", "out/b", "out/c.txt", "out/d/e"]
    assert names(root, "in", exclude=("/folder/b", "d")) == ["in/a", "out/c.txt"]
    (found,) = walk(str(root / "in/folder/c.txt"))
    assert isinstance(found, FoundFile)
    assert (found.path, found.size) == (str(root / "out/c.txt"), 4)


def test_link_loops(tree: Callable[..., Path]) -> None:
    root = tree("a/b/c")
    (root / "a/b/up").symlink_to(root / "a")
    (root / "a/self").symlink_to("self")
    (root / "one").symlink_to("two")
    (root / "two").symlink_to("one")
    assert problems(root) == [(name, "symbolic link loop") for name in ("a/b/up", "a/self", "one", "two")]
    assert failures(root) == []
    assert problems(root, "one") == [("one", "symbolic link loop")]
    assert [item.path for item in walk(str(root)) if isinstance(item, FoundFile)] == [str(root / "a/b/c")]


def test_many_ways_to_one_folder_are_walked_once(tmp_path: Path) -> None:
    for level in range(30):  # 2 ** 30 ways
        (tmp_path / f"d{level}").mkdir()
        for name in ("x", "y"):
            (tmp_path / f"d{level}" / name).symlink_to(tmp_path / f"d{level + 1}")
    (tmp_path / "d30").mkdir()
    (tmp_path / "d30" / "end").write_text("")
    assert [item.path for item in walk(str(tmp_path / "d0"))] == [str(tmp_path / "d30" / "end")]


def test_what_is_no_regular_file(tree: Callable[..., Path]) -> None:
    root = tree("a")
    (root / "broken").symlink_to("nowhere")
    os.mkfifo(root / "pipe")
    with socket.socket(socket.AF_UNIX) as server:
        folder = os.open(root, os.O_RDONLY)
        server.bind(f"/proc/self/fd/{folder}/socket")  # the path itself may be too long for a socket
        os.close(folder)
    expected = [
        ("broken", "broken symbolic link"),
        ("pipe", "not a regular file (named pipe)"),
        ("socket", "not a regular file (socket)"),
    ]
    assert problems(root) == problems(root, "*") == problems(root, "**") == expected
    assert problems(root, "pipe", "socket") == expected[1:]
    assert failures(root, "", "*", "**") == []
    assert failures(root, "broken", "pipe", "missing") == ["nowhere", "pipe", "missing"]
    assert problems(root, "missing", "a/below") == [
        ("missing", "no such file or folder"),
        ("a/below", "no such file or folder"),
    ]
    assert list(walk("/dev/null")) == [WalkError("/dev/null", "not a regular file (character device)")]
    assert list(walk("/a\0b")) == [WalkError("/a\0b", "no such file or folder")]
    assert "name too long" in problems(root, "x" * 300)[0][1]
    assert problems(root, "**/*.md") == [("**/*.md", "no file matches this pattern")]


def test_ignored_trouble_is_no_trouble(tree: Callable[..., Path]) -> None:
    root = tree(".gitignore = broken\npipe\n")
    (root / "broken").symlink_to("nowhere")
    os.mkfifo(root / "pipe")
    assert problems(root) == []


def test_unreadable_folders(tree: Callable[..., Path], monkeypatch: pytest.MonkeyPatch) -> None:
    root = tree("a/b", "c/d")
    whole = os.scandir

    def guarded(path: str) -> Iterator[os.DirEntry[str]]:
        if path.endswith("/a"):
            raise PermissionError(13, "Permission denied", path)
        return whole(path)

    with monkeypatch.context() as patch:  # the folder is removed before `monkeypatch` itself is undone
        patch.setattr(module.os, "scandir", guarded)
        assert next(iter(walk(str(root)))) == WalkError(str(root / "a"), "folder cannot be read (permission denied)")
        assert [item.path for item in walk(str(root))] == [str(root / "a"), str(root / "c/d")]
        assert problems(root, "**/d") == [("a", "folder cannot be read (permission denied)")]


def test_gitignore_that_is_no_file(tree: Callable[..., Path]) -> None:
    root = tree("a")
    os.mkfifo(root / ".gitignore")
    assert names(root) == ["a"]


def test_strange_names(tmp_path: Path) -> None:
    raw = [b"new\nline", b"space name ", b"undec\xffodable", "é".encode(), b"tab\t", b"back\\slash"]
    folder = os.fsencode(tmp_path)
    for name in raw:
        with open(os.path.join(folder, name), "wb") as file:
            file.write(name)
    (tmp_path / ".gitignore").write_text("*.log\n")
    found = [item.path for item in walk(str(tmp_path))]
    assert sorted(os.path.basename(os.fsencode(path)) for path in found) == sorted(raw)
    for path in found:
        assert Path(path).read_bytes() == os.path.basename(os.fsencode(path))
        assert [item.path for item in walk(path)] == [path]


def test_deep_folders_need_no_recursion(tmp_path: Path) -> None:
    folders = [f"{tmp_path}{'/d' * depth}" for depth in range(1, 1500)]
    for folder in folders:
        os.mkdir(folder)
    file = Path(folders[-1] + "/f")
    file.write_text("x")
    assert [item.path for item in walk(str(tmp_path))] == [str(file)]
    file.unlink()
    for folder in reversed(folders):  # pytest's own cleaning would recurse
        os.rmdir(folder)
