"""What is removed or purged stays away as long as it should, at every door, and comes back when the user names it."""

import io
import os
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from shelf import TEXT, Shelf, jsonl
from wherein.storage.catalog.exclusions import PURGED, PURGED_RECORDS, REMOVED


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path)


def archive(**texts: str) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as file:
        for name, text in texts.items():
            file.writestr(zipfile.ZipInfo(f"{name}.txt"), text)
    return data.getvalue()


def csv(**texts: str) -> str:
    return "id,text\n" + "".join(f"{key},{text}\n" for key, text in texts.items())


def mailbox(**texts: str) -> str:
    return "".join(
        f"From a@b.c Thu Jan  1 00:00:00 2026\nMessage-ID: <{key}@x>\nSubject: {key}\n\n{text}\n\n"
        for key, text in texts.items()
    )


FILES: list[tuple[str, Callable[..., str | bytes], str]] = [
    ("s.jsonl", jsonl, "s.jsonl#a"),
    ("s.zip", archive, "s.zip#a.txt"),
    ("s.csv", csv, "s.csv#a"),
    ("s.mbox", mailbox, ""),
]


def two_records(shelf: Shelf, name: str, write: Callable[..., str | bytes], record: str) -> tuple[str, str]:
    """Ingest a file of a secret record and a public one; return their names."""
    shelf.write(name, write(a=TEXT, b="The mill turns slowly."))
    shelf.ingest()
    names = shelf.names()
    assert len(names) == 2
    secret = record or names[0]
    return secret, next(other for other in names if other != secret)


# Purged.


@pytest.mark.parametrize(("name", "write", "record"), FILES, ids=[name for name, *_ in FILES])
def test_a_purged_record_never_returns(shelf: Shelf, name: str, write: Callable[..., str | bytes], record: str) -> None:
    secret, public = two_records(shelf, name, write, record)
    key = public.partition("#")[2]
    shelf.remove(secret, purge=True)
    assert shelf.library.problems()[0].reason == PURGED_RECORDS
    path, end = shelf.docs / name, Path(name).suffix
    shutil.copy(path, shelf.docs / f"copy{end}")  # a copy of the same bytes
    assert shelf.reindex().skipped == 1
    assert shelf.problems[0][1] == PURGED
    assert shelf.names() == [f"copy{end}#{key}", public]
    path = path.rename(shelf.docs / f"moved{end}")  # a rename
    shelf.reindex()
    assert shelf.names() == [f"copy{end}#{key}", f"moved{end}#{key}"]
    path = path.rename(shelf.docs / "sub" / f"moved{end}")  # a move, and other bytes
    shelf.write(f"sub/moved{end}", write(a=TEXT, b="The mill turns slowly.", c="New."))
    shelf.reindex()
    assert [found.partition("#")[0] for found in shelf.names()] == [f"copy{end}", *[f"sub/moved{end}"] * 2]
    (shelf.docs / "sub").rename(shelf.docs / "folder")  # a rename of its folder
    shelf.reindex()
    assert [found.partition("#")[0] for found in shelf.names()] == [f"copy{end}", *[f"folder/moved{end}"] * 2]
    shelf.library.repair()
    assert shelf.ingest().new == 0
    assert TEXT.encode() not in b"".join(p.read_bytes() for p in shelf.library.folder.rglob("*") if p.is_file())


@pytest.mark.parametrize(
    "change",
    [
        lambda docs: (docs / "a.txt").rename(docs / "b.txt"),
        lambda docs: (docs / "a.txt").rename(docs / "sub" / "a.txt"),
        lambda docs: shutil.copy(docs / "a.txt", docs / "b.txt"),
        lambda docs: (docs / "b.md").write_text(TEXT),
        lambda docs: (docs / "b.jsonl").write_text(jsonl(x=TEXT)),
        lambda docs: (docs / "a.txt").write_text("Other text at the same path."),
        lambda docs: os.utime(docs / "a.txt", ns=(5, 5)),
    ],
    ids=["rename", "move", "copy", "equal text", "equal record", "other text", "touch"],
)
def test_a_purged_file_never_returns(shelf: Shelf, change: Callable[[Path], object]) -> None:
    shelf.write("a.txt", TEXT)
    shelf.ingest()
    shelf.remove("a.txt", purge=True)
    change(shelf.docs)
    for run in (shelf.reindex, shelf.ingest, shelf.reindex):
        summary = run()
        assert (shelf.names(), summary.new, summary.failed) == ([], 0, 0)
        assert summary.skipped
        assert {reason for _, reason in shelf.problems} == {PURGED}


def test_a_purge_follows_its_file_whatever_becomes_of_its_text(shelf: Shelf) -> None:
    shelf.write("a.txt", TEXT)
    shelf.ingest()
    shelf.remove("a.txt", purge=True)
    shelf.write("a.txt", "It was changed first,")
    shelf.reindex()
    (shelf.docs / "a.txt").rename(shelf.docs / "b.txt")
    shelf.reindex()
    shelf.write("b.txt", "and changed again.")
    shelf.reindex()
    assert (shelf.names(), shelf.away()) == ([], [("b.txt", "purged")])
    shelf.write("a.txt", "Another file has the old name.")
    assert shelf.reindex().new == 1


def test_a_copy_that_was_there_before_stays(shelf: Shelf) -> None:
    shelf.write("a.txt", TEXT)
    shelf.write("b.txt", TEXT)
    shelf.write("r.jsonl", jsonl(a=TEXT))
    shelf.ingest()
    shelf.remove("a.txt", purge=True)
    shelf.write("r.jsonl", jsonl(a=TEXT, b="New."))
    os.utime(shelf.docs / "b.txt", ns=(5, 5))
    shelf.reindex()
    (shelf.docs / "b.txt").rename(shelf.docs / "c.txt")
    shelf.reindex()
    assert shelf.names() == ["c.txt", "r.jsonl#a", "r.jsonl#b"]


def test_a_purged_file_that_cannot_be_read_any_more_is_no_failure(shelf: Shelf) -> None:
    shelf.write("a.txt", TEXT)
    shelf.ingest()
    shelf.remove("a.txt", purge=True)
    shelf.write("a.txt", b"%PDF-1.4 broken")
    assert (shelf.reindex().failed, shelf.problems) == (0, [("a.txt", PURGED)])


# Removed.


@pytest.mark.parametrize(("name", "write", "record"), FILES, ids=[name for name, *_ in FILES])
def test_a_removed_record_stays_away_until_its_text_changes(
    shelf: Shelf, name: str, write: Callable[..., str | bytes], record: str
) -> None:
    secret, public = two_records(shelf, name, write, record)
    shelf.remove(secret, purge=False)
    shelf.write(name, write(a=TEXT, b="The mill turns fast."))
    assert (shelf.reindex().skipped, shelf.names()) == (0, [public])
    (shelf.docs / name).rename(shelf.docs / "sub" / name)
    shelf.reindex()
    assert shelf.names() == [f"sub/{public}"]
    shelf.write(f"sub/{name}", write(a="The safe was sold.", b="The mill turns fast."))
    shelf.reindex()
    assert (shelf.names(), shelf.away()) == ([f"sub/{secret}", f"sub/{public}"], [])


def test_a_removed_file_stays_away_when_it_vanishes_and_returns(shelf: Shelf) -> None:
    path = shelf.write("a.txt", TEXT)
    shelf.ingest()
    shelf.remove("a.txt", purge=False)
    for _ in range(2):
        path.unlink()
        shelf.reindex()
        shelf.write("a.txt", TEXT)
        assert (shelf.reindex().skipped, shelf.problems) == (1, [("a.txt", REMOVED)])  # once, and not each night
        assert (shelf.reindex().skipped, shelf.ingest().skipped, shelf.names()) == (0, 0, [])
    shelf.write("a.txt", "Other text.")
    shelf.reindex()
    shelf.write("a.txt", TEXT)
    shelf.reindex()
    assert (shelf.names(), shelf.away()) == (["a.txt"], [])


@pytest.mark.parametrize("vanish", [False, True])
def test_a_removal_follows_its_file(shelf: Shelf, vanish: bool) -> None:
    path = shelf.write("a.txt", TEXT)
    shelf.ingest()
    shelf.remove("a.txt", purge=False)
    away = path.rename(shelf.docs.parent / "a.txt")
    if vanish:
        shelf.reindex()
    away.rename(shelf.docs / "b.txt")
    shelf.reindex()
    assert (shelf.names(), shelf.away()) == ([], [("b.txt", "removed")])
    shelf.write("a.txt", TEXT)  # a copy is another document
    shelf.reindex()
    assert shelf.names() == ["a.txt"]
    (shelf.docs / "b.txt").rename(shelf.docs / "other.txt")  # over another file
    assert (shelf.reindex().removed, shelf.names()) == (1, ["a.txt"])
    assert shelf.problems == [("other.txt", REMOVED)]  # what was there is gone from the library: not silently
    assert (shelf.reindex().skipped, shelf.problems) == (0, [])


# Naming.


@pytest.mark.parametrize("purge", [False, True])
@pytest.mark.parametrize(
    "name",
    ["a.txt", "sub/../a.txt", "x[1].txt", "link.txt", "s.jsonl", "s.zip"],
)
def test_what_is_named_is_brought_back(shelf: Shelf, name: str, purge: bool) -> None:
    (shelf.docs / "link.txt").symlink_to("real.txt")
    shelf.write("real.txt", TEXT)
    shelf.write("a.txt", "A " + TEXT)
    shelf.write("x[1].txt", "X " + TEXT)
    shelf.write("s.jsonl", jsonl(a="J " + TEXT, b="J."))
    shelf.write("s.zip", archive(a="Z " + TEXT, b="Z."))
    shelf.ingest()
    before = shelf.names()
    shelf.remove(*before, purge=purge)
    assert (shelf.ingest().new, shelf.reindex().new, shelf.names()) == (0, 0, [])
    summary = shelf.ingest(name)
    back = shelf.names()
    count = 2 if name.startswith("s.") else 1
    assert (summary.new, summary.brought_back, len(back)) == (count, count, count)
    stem = os.path.normpath(name).partition(".")[0]
    assert all(found.startswith((stem, "real", "link", "x%5B1%5D")) for found in back)
    assert shelf.reindex().new == 0
    assert (shelf.ingest(name).brought_back, shelf.names()) == (0, back)


@pytest.mark.parametrize("purge", [False, True])
def test_the_source_that_is_one_file_is_named_again(shelf: Shelf, purge: bool) -> None:
    shelf.write("a.txt", TEXT)
    shelf.ingest("a.txt")
    shelf.remove("a.txt", purge=purge)
    assert (shelf.reindex().new, shelf.names()) == (0, [])
    assert (shelf.ingest("a.txt").brought_back, shelf.names()) == (1, ["a.txt"])


def test_a_text_from_standard_input_is_brought_back_by_its_name(shelf: Shelf) -> None:
    for purge in (False, True):
        shelf.library.ingest_stream("note", TEXT.encode())
        shelf.library.remove_documents(["stdin:note"], purge=purge)
        assert [(found.uri, found.kind) for found in shelf.library.removed()] == [
            ("stdin:note", "purged" if purge else "removed")
        ]
        assert shelf.library.ingest_stream("note", TEXT.encode()).brought_back == 1
        assert shelf.library.removed() == []


def test_a_copy_of_a_purged_file_may_be_named(shelf: Shelf) -> None:
    shelf.write("a.jsonl", jsonl(a=TEXT, b="B."))
    shelf.ingest()
    shelf.remove("a.jsonl#a", purge=True)
    shelf.write("c.jsonl", jsonl(a=TEXT, b="B."))
    shelf.reindex()
    assert shelf.names() == ["a.jsonl#b", "c.jsonl#b"]
    assert shelf.ingest("c.jsonl").brought_back == 1
    shelf.reindex()
    assert shelf.names() == ["a.jsonl#b", "c.jsonl#a", "c.jsonl#b"]
    assert shelf.ingest("a.jsonl").brought_back == 1
    assert shelf.library.problems() == []


def test_a_plan_counts_what_would_be_brought_back(shelf: Shelf) -> None:
    shelf.write("a.txt", TEXT)
    shelf.ingest()
    for purge in (False, True):
        shelf.remove("a.txt", purge=purge)
        assert shelf.library.plan([str(shelf.docs)]).new == 0
        assert shelf.library.plan([str(shelf.docs / "a.txt")]).new == 1
        assert shelf.ingest("a.txt").new == 1
