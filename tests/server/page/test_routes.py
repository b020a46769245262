"""The page without a browser: what is sent, and that it is safe."""

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode

import pytest

from page_markup import unescaped
from pdfs import pdf
from served import Served, serving
from toy import ToyEncoder
from wherein.errors import WhereinError
from wherein.library import Library
from wherein.server.page.cards import page_of
from wherein.server.settings import Settings
from wherein.server.tasks import Change

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self';"
    " form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
ADDRESSES = ["/", "/?q=lease", "/results?q=lease", "/documents/1", "/library", "/library/tasks", "/documents/99"]


def asked(page: Served, **given: str) -> str:
    answer = page.get("/", params=given)
    assert answer.status_code == 200
    return answer.text


@pytest.mark.parametrize("address", ADDRESSES)
def test_every_page_has_the_strict_policy_and_needs_nothing_that_it_forbids(page: Served, address: str) -> None:
    answer = page.get(address)
    assert answer.headers["Content-Security-Policy"] == POLICY
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert not re.search(r"<script(?![^>]*\ssrc=)|<style|\sstyle=|\son[a-z]+=['\"]|javascript:", answer.text)
    assert not re.search(r"(?:src|action)=\"(?:https?:)?//", answer.text)


def test_a_question_is_answered_without_a_script(page: Served) -> None:
    text = asked(page, q="who may sign the lease?")
    first = text[text.index('<li class="hit">') :]
    assert "<mark>lease</mark>" in first
    assert "Lease › Signing" not in first  # the title is not repeated
    assert "Signing" in first
    assert 'value="who may sign the lease?"' in text
    assert re.search(r'href="/documents/\d+\?chunk=\d+&amp;sentence=\d+-\d+&amp;q=who\+may', first)


def test_the_part_is_the_same_as_in_the_page(page: Served) -> None:
    part = page.get("/results", params={"q": "cats"}).text
    assert '<ol class="hits">' in part
    assert part.strip() in asked(page, q="cats")


def test_the_filters_have_counts_and_the_address_keeps_them(page: Served) -> None:
    text = asked(page, q="house", type="md")
    assert '<input type="hidden" name="type" value="md">' in text
    assert re.search(
        r'href="/\?q=house" class="in0" aria-current="true"><span dir="auto">Markdown</span> <small>4', text
    )
    assert re.search(r'<span dir="auto">Text</span> <small>4', text)
    assert re.search(r'<span dir="auto">Anna Miller</span> <small>2', text)
    assert set(re.findall(r'<p class="where"><span dir="auto" title="[^"]*\.(\w+)', text)) == {"md"}


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({"meta": "author=Anna Miller"}, {"lease.md", "heating.md"}),
        ({"meta": "tags=contracts"}, {"lease.md"}),
        ({"where": "author LIKE 'Tom%'"}, {"garden.md"}),
        ({"type": "pdf"}, {"manual.pdf"}),
        ({"in": "pets"}, {"cats.txt", "dogs.txt"}),
        ({"since": "2002-01-01", "in": "pets"}, {"dogs.txt"}),
        ({"mode": "keyword", "type": "txt"}, {"dogs.txt"}),
    ],
)
def test_each_filter_restricts_the_answer(page: Served, given: dict[str, str], found: set[str]) -> None:
    text = asked(page, q="house", limit="50", **given)
    assert set(re.findall(r'title="[^"]*?([\w.-]+?)(?::\d+)?"', text)) == found


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"mode": "magic"}, "There is no mode"),
        ({"type": "nonsense"}, "There is no document type"),
        ({"since": "yesterday"}, "is not a date"),
        ({"where": "author ="}, "In the condition"),
        ({"where": "color = 'red'"}, "No document has a field color"),
        ({"meta": "color=red"}, "No document has a field color"),
    ],
)
def test_a_wrong_filter_is_reported_and_can_be_cleared(page: Served, given: dict[str, str], sentence: str) -> None:
    answer = page.get("/", params={"q": "house", **given})
    assert answer.status_code == 422
    assert sentence in answer.text
    assert '<a class="clear" href="/?q=house">' in answer.text


def test_of_a_wrong_condition_only_the_sentence_is_shown(page: Served) -> None:
    text = page.get("/", params={"q": "house", "where": "author ="}).text
    assert "<h2>In the condition, at character 9: a value is expected</h2>" in text


def test_a_document_that_is_not_there_has_no_operation_of_the_api(page: Served) -> None:
    text = page.get("/documents/99").text
    assert "<h2>There is no document 99</h2><p>Open it from an answer.</p>" in text


def test_notes_are_shown(page: Served) -> None:
    assert "is in no document" in asked(page, q='"purple elephant" house') or '<ul class="notes">' in asked(
        page, q='"purple elephant" house'
    )


def test_an_answer_without_passages_says_what_helps(page: Served) -> None:
    assert "Nothing found" in asked(page, q="xylophone", mode="keyword")
    assert "Ask without filters" in asked(page, q="house", mode="keyword", type="pdf")


@pytest.mark.parametrize("number", ["x", "-1", "1.0", "9" * 5_000, "9223372036854775808", "%D9%A1", "%00"])
def test_a_document_that_cannot_exist_is_not_found(page: Served, number: str) -> None:
    answer = page.get(f"/documents/{number}")
    assert (answer.status_code, answer.headers["Content-Type"]) == (404, "text/html; charset=utf-8")
    assert "There is no such document" in answer.text


@pytest.mark.parametrize("question", ["zebra", "quagga", "okapi", "<script>alert(1)</script>", "\"'><b>", "\u202eabc"])
def test_no_text_becomes_markup(page: Served, question: str) -> None:
    text = asked(page, q=question, limit="50")
    assert not unescaped(text)
    assert "{{ 7*7 }}" in asked(page, q="zebra")
    assert "\u202e" not in re.sub(r'value="[^"]*"|<title>.*?</title>|<a [^>]*>', "", text) or question[0] == "\u202e"


def test_a_document_is_shown_at_its_passage(page: Served) -> None:
    link = re.search(r'href="(/documents/\d+\?[^"]*)"', asked(page, q="power of attorney", type="md"))
    assert link
    text = page.get(link[1].replace("&amp;", "&")).text
    assert re.search(r'<span id="chunk\d+" class="anchor"', text)
    assert '<span class="passage sentence">' in text
    assert "<mark>attorney</mark>" in text
    assert '<dd dir="auto">Anna Miller</dd>' in text
    assert 'href="/?q=power+of+attorney&amp;type=md"' in text


def test_a_page_of_a_pdf_is_named_and_linked(page: Served) -> None:
    text = asked(page, q="valve behind the sink", type="pdf")
    assert "page 2 of" in text
    link = re.search(r'href="(/v1/documents/\d+/original\?inline=true#page=2)"', text)
    assert link
    assert page.get(link[1]).headers["Content-Type"] == "application/pdf"
    shown = re.search(r'href="(/documents/\d+\?[^"]*)"', text)
    assert shown
    assert '<span class="page">page 2</span>' in page.get(shown[1].replace("&amp;", "&")).text


def test_the_page_of_a_sentence_is_linked_where_its_passage_begins_on_another(tmp_path: Path) -> None:
    before, after = ["Nothing here."], ["It is quiet, and needs no oil in any season."] * 30
    (tmp_path / "pump.pdf").write_bytes(pdf(before, ["The pump stands beside the freezer.", *after]))
    with (
        Library(tmp_path / "library", encoder=ToyEncoder()) as library,  # type: ignore[arg-type]
        serving(library, Settings()) as page,
    ):
        library.ingest([tmp_path / "pump.pdf"])
        assert library.query("pump stands beside the freezer", 1).hits[0].page == 1
        answer = asked(page, q="pump stands beside the freezer")
        assert re.search(r">page 2 of [^<]*pump\.pdf</span>", answer[: answer.index("</article>")])
        link = re.search(r'href="(/documents/\d+\?[^"]*)"', answer)
        assert link
        for shown in (answer, page.get(link[1].replace("&amp;", "&")).text):
            original = re.search(r"/v1/documents/\d+/original\?inline=true#page=(\d+)", shown)
            assert original
            assert original[1] == "2"


def _hit(start: int, text: str, page: int) -> Any:
    return SimpleNamespace(start=start, end=start + len(text), text=text, page=page)


@pytest.mark.parametrize(
    ("character", "expected"),
    [
        (0, 1),  # in what precedes the passage, before the gap
        (8, 2),  # in what both have, after the gap between the pages
        (12, 2),
        (16, 2),  # one of the two gaps that follow is between pages
        (21, 2),
        (26, 3),  # behind the last gap
    ],
)
def test_a_page_is_known_behind_the_last_gap_of_a_passage(character: int, expected: int) -> None:
    text = "First.\n\nSecond. A third.\n\nA fourth sentence.\n\n"
    before, passage = _hit(0, text[:15], 1), _hit(8, text[8:40], 2)
    after = _hit(30, text[30:], 3)
    found: Any = SimpleNamespace(before=(before,), passage=passage, after=(after,))
    assert page_of(found, character) == expected
    assert page_of(SimpleNamespace(before=(), passage=after, after=()), 31) == 3  # type: ignore[arg-type]


def test_a_page_is_unknown_where_a_passage_ends_with_a_gap() -> None:
    found: Any = SimpleNamespace(before=(), passage=_hit(0, "One.\n\nTwo.\n\n", 1), after=(_hit(12, "Three.", 2),))
    assert page_of(found, 6) == 1


def test_a_passage_that_is_gone_is_told(page: Served) -> None:
    text = page.get("/documents/1", params={"chunk": 9_999, "q": "house"}).text
    assert "The passage is no longer there" in text


@pytest.mark.parametrize(
    "given", [{"chunk": "x"}, {"start": "-1"}, {"start": "9" * 30}, {"sentence": "9-1"}, {"chunk": ""}]
)
def test_a_document_is_shown_whatever_the_address_says(page: Served, given: dict[str, str]) -> None:
    assert page.get("/documents/1", params=given).status_code == 200


def test_assets_are_kept_and_change_their_address(page: Served) -> None:
    found = re.findall(r'(?:href|src)="(/assets/[^"]+)"', page.get("/").text)
    assert {Path(address).suffix for address in found} == {".svg", ".css", ".js"}
    for address in found:
        answer = page.get(address)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["Cache-Control"]
    old = page.get("/assets/0/page.css")
    assert (old.status_code, old.headers["Cache-Control"]) == (200, "no-store")
    assert page.get("/assets/0/..%2fsearch.py").status_code == 404


def test_the_library_shows_what_it_holds_and_what_failed(page: Served) -> None:
    text = page.get("/library").text
    assert "<dt>Documents</dt><dd>9</dd>" in text
    assert "empty file" in text
    assert not unescaped(text)


def test_a_root_is_shown_as_a_path_below_it_has_to_be_given(
    page: Served, shelf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(shelf)
    assert f'<code dir="auto">{shelf / "docs"}</code>' in page.get("/library").text


def test_problems_and_notes_of_a_task_are_counted(tmp_path: Path) -> None:
    with (
        Library(tmp_path / "library", encoder=ToyEncoder()) as library,  # type: ignore[arg-type]
        serving(library, Settings()) as page,
    ):
        page.done(page.post("/v1/documents", params={"name": "empty.txt"}, content=b""))
        text = page.get("/library/tasks").text
    assert re.search(r"<summary>1 problem(, \d+ notes?)?</summary>", text)
    assert not re.search(r"\b0 (problems|notes)|\b1 (problems|notes)", text)


def test_a_failed_task_without_advice_ends_with_its_message(tmp_path: Path) -> None:
    with (
        Library(tmp_path / "library", encoder=ToyEncoder()) as library,  # type: ignore[arg-type]
        serving(library, Settings()) as page,
    ):

        def fail(_: object) -> None:
            raise WhereinError("The disk is full")

        page.service.tasks.add(Change("reindex", (), fail))
        task = page.get("/v1/tasks").json()["tasks"][0]
        assert page.get(f"/v1/tasks/{task['id']}", params={"wait": 10}).json()["error"]["hint"] == ""
        assert '<p class="hint">The disk is full</p>' in page.get("/library/tasks").text


def test_changes_are_made_by_plain_forms(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.txt").write_text("Apples are red.\n")
    with (
        Library(tmp_path / "library", encoder=ToyEncoder()) as library,  # type: ignore[arg-type]
        serving(library, Settings(roots=(str(tmp_path / "docs"),))) as page,
    ):
        assert "There is nothing to ask yet" in page.get("/").text
        assert "There is nothing to ask yet" in page.get("/?q=apples").text
        assert "There is nothing in this library yet" in page.get("/library").text
        answers = [
            page.post("/library/uploads", files={"file": ("pears.txt", b"Pears are green.\n")}),
            page.post("/library/sources", data={"sources": f"{tmp_path / 'docs'}\n\n"}),
            page.post("/library/reindex", data={}),
        ]
        assert [(one.status_code, one.headers["Location"]) for one in answers] == [(303, "/library#tasks")] * 3
        for task in page.get("/v1/tasks").json()["tasks"]:
            assert page.get(f"/v1/tasks/{task['id']}", params={"wait": 30}).json()["state"] == "done"
        assert page.get("/library/tasks").text.count(">done<") == 3
        assert "1 new" in page.get("/library/tasks").text
        assert 'data-status="2 passages"' in page.get("/results?q=apples+pears").text


@pytest.mark.parametrize(
    ("path", "data", "status", "sentence"),
    [
        ("/library/sources", {"sources": "/etc"}, 403, "not below a root"),
        ("/library/sources", {"sources": "docs"}, 422, "absolute"),
        ("/library/sources", {"sources": " \n"}, 422, "Name 1 to 100 folders, files or web pages"),
        ("/library/uploads", {}, 422, "Choose a file"),
    ],
)
def test_a_wrong_change_is_told_on_the_page(
    page: Served, path: str, data: dict[str, str], status: int, sentence: str
) -> None:
    answer = page.post(path, data=data)
    assert (answer.status_code, sentence in answer.text) == (status, True), answer.text
    assert answer.headers["Content-Security-Policy"] == POLICY


def test_another_site_cannot_make_changes(page: Served) -> None:
    answer = page.post("/library/reindex", data={}, headers={"Origin": "http://evil.example"})
    assert answer.status_code == 403


def test_the_question_is_not_logged(
    page: Served, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    asked(page, q="secret okapi")
    assert "okapi" not in caplog.text + capsys.readouterr().err


@pytest.mark.parametrize("count", [1, 10, 2_000])
def test_a_long_question_is_answered(page: Served, count: int) -> None:
    assert page.get("/?" + urlencode({"q": "lease " * count})).status_code == 200
