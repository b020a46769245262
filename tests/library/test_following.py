"""What was removed or purged follows its file, and no other: renamed, copied, gone and back, or over another file."""

from pathlib import Path

import pytest

from shelf import TEXT, Shelf, jsonl
from wherein.storage.catalog.exclusions import PURGED


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path)


def swap(one: Path, other: Path) -> None:
    one.rename(one.parent.parent / "aside")
    other.rename(one)
    (one.parent.parent / "aside").rename(other)


@pytest.mark.parametrize("purge", [False, True])
@pytest.mark.parametrize("end", [("a.txt", ""), ("a.jsonl", "#a")], ids=["file", "record"])
def test_an_exclusion_follows_folders_that_swap_their_names(shelf: Shelf, purge: bool, end: tuple[str, str]) -> None:
    name, key = end
    (shelf.docs / "attic").mkdir()
    shelf.write(f"sub/{name}", jsonl(a=TEXT) if key else TEXT)
    shelf.ingest()
    shelf.remove(f"sub/{name}{key}", purge=purge)
    for folder in ("attic", "sub", "attic", "sub"):
        swap(shelf.docs / "sub", shelf.docs / "attic")
        shelf.reindex()
        assert shelf.names() == []
        assert shelf.away() == [(f"{folder}/{name}{key}", "purged" if purge else "removed")]


def test_a_file_is_found_at_a_path_whose_purged_copy_is_gone(shelf: Shelf) -> None:
    shelf.write("secret.txt", TEXT)
    path = shelf.write("a.txt", "Never removed.")
    shelf.ingest()
    shelf.remove("secret.txt", purge=True)
    copy = shelf.write("copy.txt", TEXT)
    shelf.reindex()
    copy.unlink()
    shelf.reindex()  # which forgets the file that was left out
    path.rename(copy)
    assert shelf.ingest().moved == 1
    assert (shelf.names(), shelf.away()) == (["copy.txt"], [("secret.txt", "purged")])


@pytest.mark.parametrize("forget", [False, True])
def test_a_file_renamed_to_a_purged_path_stays_away_until_it_is_named(shelf: Shelf, forget: bool) -> None:
    purged = shelf.write("z.txt", TEXT)
    path = shelf.write("a.txt", "Never removed.")
    shelf.ingest()
    shelf.remove("z.txt", purge=True)
    purged.unlink()
    if forget:
        shelf.reindex()
    path.rename(purged)
    shelf.reindex()
    assert (shelf.names(), shelf.problems, shelf.away()) == ([], [("z.txt", PURGED)], [("z.txt", "purged")])
    shelf.ingest("z.txt")
    assert (shelf.names(), shelf.away()) == (["z.txt"], [])
    shelf.write("b.txt", TEXT)
    shelf.reindex()
    assert shelf.names() == ["z.txt"]  # who named another text has not named the purged one


def test_who_names_a_copy_readmits_the_text_and_not_the_path_that_its_file_has_now(shelf: Shelf) -> None:
    path = shelf.write("a.txt", TEXT)
    shelf.ingest()
    shelf.remove("a.txt", purge=True)
    path.rename(shelf.docs / "b.txt")
    shelf.reindex()
    shelf.write("c.txt", TEXT)
    assert shelf.ingest("c.txt").brought_back == 1
    shelf.write("e.txt", TEXT)
    shelf.write("b.txt", "The purge holds for whatever is here.")
    shelf.reindex()
    assert (shelf.names(), shelf.away()) == (["c.txt", "e.txt"], [("b.txt", "purged")])


def test_of_two_files_with_one_text_each_keeps_its_own_fate(shelf: Shelf) -> None:
    removed, held = shelf.write("a.txt", TEXT), shelf.write("b.txt", TEXT)
    shelf.ingest()
    shelf.remove("a.txt", purge=False)
    removed.unlink()
    held.rename(shelf.docs / "c.txt")
    shelf.reindex()
    assert (shelf.names(), shelf.away()) == (["c.txt"], [("a.txt", "removed")])
    shelf.write("d.txt", TEXT)  # the removed one returns
    shelf.reindex()
    assert (shelf.names(), shelf.away()) == (["c.txt"], [("d.txt", "removed")])


def test_a_removed_record_follows_its_file_in_the_form_that_was_read_last(shelf: Shelf) -> None:
    path = shelf.write("s.jsonl", jsonl(a=TEXT, b="One."))
    shelf.ingest()
    shelf.remove("s.jsonl#a", purge=False)
    later = shelf.write("s.jsonl", jsonl(a=TEXT, b="Two.")).read_bytes()
    shelf.reindex()
    path.unlink()
    shelf.reindex()
    shelf.write("t.jsonl", later)
    shelf.reindex()
    assert (shelf.names(), shelf.away()) == (["t.jsonl#b"], [("t.jsonl#a", "removed")])


@pytest.mark.parametrize(("purge", "names"), [(False, ["t.jsonl#a", "t.jsonl#b"]), (True, ["t.jsonl#b"])])
def test_a_file_that_was_renamed_and_changed_is_a_new_one(shelf: Shelf, purge: bool, names: list[str]) -> None:
    path = shelf.write("s.jsonl", jsonl(a=TEXT, b="One."))
    shelf.ingest()
    shelf.remove("s.jsonl#a", purge=purge)
    path.rename(shelf.docs / "t.jsonl")
    shelf.write("t.jsonl", jsonl(a=TEXT, b="Two."))
    shelf.reindex()
    assert shelf.names() == names
    assert shelf.away() == [("s.jsonl#a", "purged" if purge else "removed")]


@pytest.mark.parametrize(("purge", "names"), [(False, ["c.txt"]), (True, [])])
def test_an_exclusion_follows_one_of_two_copies(shelf: Shelf, purge: bool, names: list[str]) -> None:
    path = shelf.write("a.txt", TEXT)
    shelf.ingest()
    shelf.remove("a.txt", purge=purge)
    path.unlink()
    for name in ("b.txt", "c.txt"):
        shelf.write(name, TEXT)
    shelf.reindex()
    assert shelf.names() == names
    assert shelf.away() == [("b.txt", "purged" if purge else "removed")]
