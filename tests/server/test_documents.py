"""Documents, their pages, their passages and their files."""

import os
from pathlib import Path

import pytest

from pdfs import pdf
from served import Served, serving
from toy import ToyEncoder
from wherein.library import Library
from wherein.uri import file_uri


def number(served: Served, path: Path) -> int:
    found = {one["uri"]: one["id"] for one in served.get("/v1/documents").json()["documents"]}
    return int(found[file_uri(str(path))])


def test_pages_hold_every_document_once(served: Served) -> None:
    found, after = [], ""
    while True:
        page = served.typed("list_documents", served.get("/v1/documents", params={"limit": 1, "after": after}))
        found += [document.uri.rpartition("/")[2] for document in page.documents]
        assert len(page.documents) == 1
        if page.next is None:
            break
        after = page.next
    assert found == ["cats.txt", "dogs.html", "lease.md"]


@pytest.mark.parametrize(("limit", "sizes"), [(2, [2, 1]), (3, [3]), (4, [3])])
def test_the_last_page_says_so(served: Served, limit: int, sizes: list[int]) -> None:
    found, after = [], ""
    for _ in sizes:
        page = served.get("/v1/documents", params={"limit": limit, "after": after}).json()
        found.append(len(page["documents"]))
        after = page["next"] or ""
    assert (found, after) == (sizes, "")


@pytest.mark.parametrize(
    ("start", "length", "text"),
    [(0, 4, "Cats"), (5, 5, "sleep"), (39, 100, "\n"), (40, 1, ""), (10**15, 1, ""), (0, 0, "")],
)
def test_a_part_of_a_text(served: Served, docs: Path, start: int, length: int, text: str) -> None:
    path = f"/v1/documents/{number(served, docs / 'cats.txt')}"
    answer = served.typed("get_document", served.get(path, params={"start": start, "length": length}))
    assert answer.text == text
    assert (answer.start, answer.end) == (min(start, 40), min(start + length, 40))
    assert len(answer.chunks) == bool(text)


def test_a_passage_has_its_neighbors(tmp_path: Path) -> None:
    text = "\n\n".join(
        f"Paragraph {n} tells of number {n}. " + "It has many more words to fill it. " * 8 for n in range(20)
    )
    (tmp_path / "long.txt").write_text(text)
    with Library(tmp_path / "library", encoder=ToyEncoder()) as library:  # type: ignore[arg-type]
        library.ingest([tmp_path / "long.txt"])
        chunks = library.document(1)[2]
        with serving(library) as served:
            view = served.typed("get_chunk", served.get("/v1/chunks/3", params={"context": 2}))
            first = served.typed("get_chunk", served.get("/v1/chunks/1"))
    assert [one.chunk for one in (*view.before, view.passage, *view.after)] == [1, 2, 3, 4, 5]
    for passage, chunk in zip((*view.before, view.passage, *view.after), chunks, strict=False):
        assert (passage.start, passage.end, passage.text) == (chunk.start, chunk.end, text[chunk.start : chunk.end])
        assert passage.line == text.count("\n", 0, chunk.start) + 1
    assert ([*first.before], [one.chunk for one in first.after]) == ([], [2])


# Files.


def test_a_file_is_sent_so_that_nothing_in_it_runs(served: Served, docs: Path) -> None:
    response = served.get(f"/v1/documents/{number(served, docs / 'dogs.html')}/original")
    assert response.content == (docs / "dogs.html").read_bytes()
    assert response.headers["Content-Type"] == "application/octet-stream"
    assert response.headers["Content-Disposition"] == 'attachment; filename="dogs.html"'
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Content-Security-Policy"].startswith("sandbox; default-src 'none'")


@pytest.mark.parametrize("name", ["dogs.html", "cats.txt"])
def test_only_a_pdf_is_shown(served: Served, docs: Path, name: str) -> None:
    response = served.get(f"/v1/documents/{number(served, docs / name)}/original", params={"inline": "true"})
    assert response.headers["Content-Disposition"].startswith("attachment")
    assert response.headers["Content-Type"] == "application/octet-stream"


def test_a_pdf_is_shown_when_it_is_one(tmp_path: Path) -> None:
    path = tmp_path / "page.pdf"
    path.write_bytes(pdf(["A page about cats."]))
    with Library(tmp_path / "library", encoder=ToyEncoder()) as library:  # type: ignore[arg-type]
        library.ingest([path])
        with serving(library) as served:
            response = served.get("/v1/documents/1/original", params={"inline": "true"})
            assert response.headers["Content-Type"] == "application/pdf"
            assert response.headers["Content-Disposition"] == 'inline; filename="page.pdf"'
            path.write_bytes(b"<script>alert(1)</script>")
            response = served.get("/v1/documents/1/original", params={"inline": "true"})
            assert response.headers["Content-Type"] == "application/octet-stream"
            assert response.headers["Content-Disposition"].startswith("attachment")


def test_a_part_of_a_file_can_be_asked_for(served: Served, docs: Path) -> None:
    path = f"/v1/documents/{number(served, docs / 'cats.txt')}/original"
    part = served.get(path, headers={"Range": "bytes=0-3"})
    assert (part.status_code, part.content) == (206, b"Cats")
    parts = served.get(path, headers={"Range": "bytes=0-3, 5-9"})
    assert (parts.status_code, parts.headers["Content-Type"].partition(";")[0]) == (206, "multipart/byteranges")


@pytest.mark.parametrize(
    ("asked", "status", "code", "size"),
    [
        ("bytes=99-", 416, "no_such_range", "bytes */40"),
        ("bytes=9-1", 400, "bad_range", None),
        ("lines=1-2", 400, "bad_range", None),
    ],
)
def test_a_range_that_makes_no_sense_is_a_problem(
    served: Served, docs: Path, asked: str, status: int, code: str, size: str | None
) -> None:
    path = f"/v1/documents/{number(served, docs / 'cats.txt')}/original"
    response = served.get(path, headers={"Range": asked})
    assert (response.status_code, response.headers["Content-Type"]) == (status, "application/problem+json")
    assert (response.json()["code"], response.headers.get("Content-Range")) == (code, size)


@pytest.mark.parametrize("what", ["gone", "link", "folder", "pipe", "link above", "unreadable"])
def test_what_has_taken_the_place_of_a_file_is_not_sent(served: Served, docs: Path, tmp_path: Path, what: str) -> None:
    path = docs / "cats.txt"
    asked = f"/v1/documents/{number(served, path)}/original"
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "cats.txt").write_text("secret")
    if what == "unreadable":
        if os.geteuid() == 0:
            pytest.skip("root can read every file")
        path.chmod(0)
    else:
        path.unlink()
    if what == "link":
        path.symlink_to(secret / "cats.txt")
    elif what == "folder":
        path.mkdir()
    elif what == "pipe":
        os.mkfifo(path)
    elif what == "link above":
        for other in docs.iterdir():
            other.unlink()
        docs.rmdir()
        docs.symlink_to(secret)
    response = served.get(asked)
    assert (response.status_code, response.json()["code"]) == (404, "no_original")
    assert served.get(asked.removesuffix("/original")).json()["text"].startswith("Cats")


def test_a_text_without_a_file_has_no_original(served: Served) -> None:
    served.done(served.post("/v1/documents", params={"name": "note.txt"}, content=b"A note about birds."))
    hit = served.post("/v1/query", json={"question": "birds"}).json()["hits"][0]
    response = served.get(f"/v1/documents/{hit['document']}/original")
    assert (response.status_code, response.json()["code"]) == (404, "no_original")


@pytest.mark.parametrize("name", ["Größe 東京.txt", 'a"b.txt', "a\nb.txt", "a;filename=b.exe.txt"])
def test_any_name_is_sent(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("A text about cats.")
    with Library(tmp_path / "library", encoder=ToyEncoder()) as library:  # type: ignore[arg-type]
        library.ingest([tmp_path / name])
        with serving(library) as served:
            response = served.get("/v1/documents/1/original")
    assert response.content == b"A text about cats."
    disposition = response.headers["Content-Disposition"]
    assert disposition.startswith("attachment; filename")
    assert disposition.count(";") == 1
    assert "\n" not in disposition
