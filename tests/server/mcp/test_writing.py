"""What an agent may change: files below the folders that were named, and nothing else."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from other_writer import hold
from wherein.errors import UsageError
from wherein.library import Library
from wherein.server.mcp.writing import Roots
from wherein.storage.disk.lock import writer_lock

Call = Callable[..., tuple[str, bool]]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "root"
    (folder / "sub").mkdir(parents=True)
    (folder / "sub" / "note.md").write_text("The keys are in the drawer.")
    (tmp_path / "secret.md").write_text("The safe opens with 4711.")
    return folder


@pytest.fixture
def roots(root: Path) -> Roots:
    return Roots.of([str(root)])


def test_files_below_a_root_are_ingested_and_forgotten(call: Call, library: Library, root: Path, roots: Roots) -> None:
    text, is_error = call("ingest", roots=roots, paths=[str(root)])
    assert (text, is_error) == ("1 new, 0 changed, 0 unchanged documents.", False)
    uri = (root / "sub" / "note.md").as_uri()
    assert call("forget", roots=roots, names=[uri]) == (f"removed: {uri}\nThe files are left alone.", False)
    assert (root / "sub" / "note.md").exists()
    assert uri not in {document.uri for document in library.documents()}
    assert call("ingest", roots=roots, paths=[str(root / "sub" / "note.md")])[0].startswith("1 new")  # named


def test_problems_are_listed(call: Call, root: Path, roots: Roots) -> None:
    (root / "broken.pdf").write_bytes(b"%PDF-1.7 nothing")
    text, _ = call("ingest", roots=roots, paths=[str(root)])
    assert "\nfailed: " in text
    assert "broken.pdf" in text


@pytest.mark.parametrize(
    "name",
    ["{top}/secret.md", "{top}", "{root}/../secret.md", "{root}/sub/../../secret.md", "/etc/passwd", "/", "{root}x",
     "{root}/link.md", "{root}/folder/passwd", "{top}/no such file", "{root}/*/../../*.md"],
)  # fmt: skip
def test_no_path_leads_out_of_the_roots(call: Call, library: Library, root: Path, roots: Roots, name: str) -> None:
    (root / "link.md").symlink_to(root.parent / "secret.md")
    (root / "folder").symlink_to("/etc")
    path = name.format(top=root.parent, root=root)
    text, is_error = call("ingest", roots=roots, paths=[str(root / "sub"), path])
    assert is_error
    assert text.endswith(f"is not below a folder that this server may change: {root}")
    assert library.status().documents == 3


def test_a_folder_with_a_link_that_leads_out_is_refused(
    call: Call, library: Library, root: Path, roots: Roots, tmp_path: Path
) -> None:
    (root / "sub" / "inside").symlink_to(root / "sub")
    assert call("ingest", roots=roots, paths=[str(root)])[1] is False
    for target in (tmp_path / "secret.md", tmp_path / "docs", Path("/etc")):
        (root / "sub" / "out").symlink_to(target)
        text, is_error = call("ingest", roots=roots, paths=[str(root)])
        assert is_error
        assert text == f"{root}/sub/out is a link that leads out; remove it, or name other folders"
        (root / "sub" / "out").unlink()
    assert library.status().documents == 4


def test_a_link_that_is_made_later_is_not_followed(
    call: Call, library: Library, root: Path, roots: Roots, tmp_path: Path
) -> None:
    call("ingest", roots=roots, paths=[str(root)])
    (root / "sub" / "out.md").symlink_to(tmp_path / "secret.md")
    library.reindex()
    assert library.status().documents == 4
    assert not any("4711" in library.document(found.uri)[1] for found in library.documents())


def test_a_link_from_one_root_to_another_is_reported(call: Call, library: Library, root: Path, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "todo.md").write_text("Herrings")
    (root / "sub" / "todo.md").symlink_to(tmp_path / "other" / "todo.md")
    roots = Roots.of([str(root), str(tmp_path / "other")])
    text, is_error = call("ingest", roots=roots, paths=[str(root)])
    link = root / "sub" / "todo.md"
    assert (text.splitlines()[1], is_error) == (
        f"failed: {link}: a link that leads out of the source, which is confined", False,
    )  # fmt: skip
    assert call("ingest", roots=roots, paths=[str(tmp_path / "other")])[0].startswith("1 new")
    assert library.status().documents == 5


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        (
            "https://example.org/",
            "An agent cannot have web pages ingested; a person can in a terminal: wherein ingest ADDRESS",
        ),
        (
            "HTTP://10.0.0.1/",
            "An agent cannot have web pages ingested; a person can in a terminal: wherein ingest ADDRESS",
        ),
        ("sub/note.md", "A path has to be absolute: it begins with /"),
        ("~/note.md", "A path has to be absolute: it begins with /"),
        ("-", "A path has to be absolute: it begins with /"),
        ("/a\0b", "A path has to be absolute: it begins with /"),
    ],
)
def test_what_is_no_absolute_path_is_refused(call: Call, roots: Roots, name: str, sentence: str) -> None:
    assert call("ingest", roots=roots, paths=[name]) == (sentence, True)


def test_a_pattern_is_no_path(call: Call, root: Path, roots: Roots) -> None:
    text, is_error = call("ingest", roots=roots, paths=[f"{root}/**/*.md"])
    assert (text, is_error) == (f"There is no file or folder {root}/**/*.md", True)


def test_only_documents_below_a_root_are_forgotten(call: Call, library: Library, docs: Path, roots: Roots) -> None:
    library.ingest_stream("mail", b"From Ada")
    for name in (str(docs / "lease.md"), "stdin:mail", "1"):
        text, is_error = call("forget", roots=roots, names=[name])
        assert is_error
        assert text.endswith("is not below a folder that this server may change; nothing was removed")
    assert library.status().documents == 4


def test_another_writer_is_not_waited_for(call: Call, library: Library, root: Path, roots: Roots) -> None:
    with hold(library.folder) as holder:
        assert holder.stdin
        assert call("ingest", roots=roots, paths=[str(root)]) == (
            "Another process is writing to the library; try again in a moment", True,
        )  # fmt: skip
        holder.stdin.close()
    with writer_lock(library.folder):
        pass


@pytest.mark.parametrize("name", ["no such folder", "secret.md", ""])
def test_a_root_is_a_folder(root: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(root.parent)
    if not name:
        assert Roots.of(["."]).folders == (os.path.realpath(root.parent),)
        return
    with pytest.raises(UsageError, match=r"^There is no folder .*; --root takes an existing one$"):
        Roots.of([name])
