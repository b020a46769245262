"""What is watched of the sources, and which notices matter."""

from pathlib import Path

from wherein.ingest.sources.own_files import OwnFiles
from wherein.library import Library
from wherein.library.watching.catching_up import CatchUp
from wherein.library.watching.roots import Root, relevant, roots


def roots_of(library: Library) -> list[tuple[str, str, bool, bool]]:
    with library._reader.snapshot() as db:
        return [(root.base, root.folder, root.deep, root.identity is not None) for root in roots(db)]


def test_a_folder_a_file_and_patterns(library: Library, notes: Path, tmp_path: Path) -> None:
    (tmp_path / "todo.md").write_text("Herrings")
    names = [tmp_path / "todo.md", f"{notes}/1/*.md", f"{notes}/*/1*.md", f"{tmp_path}/**/todo.md"]
    library.ingest(names)
    top, one = str(tmp_path), f"{notes}/1"
    assert roots_of(library) == [
        (str(notes), str(notes), True, True),
        (f"{top}/todo.md", top, False, True),
        (one, one, False, True),
        (str(notes), str(notes), True, True),
        (top, top, True, True),
    ]


def test_what_is_gone_has_no_identity(library: Library, notes: Path, tmp_path: Path) -> None:
    (tmp_path / "todo.md").write_text("Herrings")
    library.ingest([tmp_path / "todo.md"])
    notes.rename(tmp_path / "moved")
    (tmp_path / "todo.md").unlink()
    assert roots_of(library) == [
        (str(notes), str(notes), True, False),
        (f"{tmp_path}/todo.md", str(tmp_path), False, True),  # its folder is there
    ]


def test_a_file_that_is_gone_with_its_documents_is_still_a_file(library: Library, tmp_path: Path) -> None:
    (tmp_path / "todo.md").write_text("Herrings")
    library.ingest([tmp_path / "todo.md"])
    (tmp_path / "todo.md").unlink()
    CatchUp(library._runs(), lambda _: None, lambda: False).look_at({f"{tmp_path}/todo.md"})
    assert library.status().documents == 20
    assert roots_of(library)[1:] == [(f"{tmp_path}/todo.md", str(tmp_path), False, True)]


def test_what_links_lead_to_is_watched_too(library: Library, notes: Path, tmp_path: Path) -> None:
    (tmp_path / "far").mkdir()
    (tmp_path / "far" / "a.md").write_text("A")
    (tmp_path / "single.md").write_text("B")
    (notes / "folder").symlink_to(tmp_path / "far")
    (notes / "file.md").symlink_to(tmp_path / "single.md")
    (notes / "inside").symlink_to(notes / "1")
    library.ingest([notes])
    assert roots_of(library)[1:] == [
        (f"{tmp_path}/far", f"{tmp_path}/far", True, True),
        (f"{tmp_path}/single.md", str(tmp_path), False, True),
    ]


def test_only_paths_that_a_source_may_cover_matter(tmp_path: Path) -> None:
    (tmp_path / "lib").mkdir()
    for name in ("catalog.db", "writer.lock"):
        (tmp_path / "lib" / name).touch()
    top = str(tmp_path)
    root = Root(1, top, top, True, False, (0, 0))
    left_out = (".a.md", ".git/x", "b/node_modules/c.js", "lib/catalog.db-wal", "lib")
    names = ("a.md", "sub/.gitignore", "lib/x.md", *left_out)
    found = relevant([*(f"{top}/{name}" for name in names), "/elsewhere/a.md"], [root], OwnFiles())
    assert found == {f"{top}/a.md", f"{top}/sub", f"{top}/lib/x.md"}


def test_a_pattern_may_select_hidden_files() -> None:
    root = Root(1, "/home", "/home", True, True, (0, 0))
    assert relevant(["/home/.notes/a.md"], [root], OwnFiles()) == {"/home/.notes/a.md"}
