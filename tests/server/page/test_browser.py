"""The page in a real browser, headless Chromium: what a person does with a mouse, a finger, or the keyboard alone."""

import os
import re
import shutil
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest

from served import Served

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or ""
if not CHROMIUM or not find_spec("playwright"):
    pytest.skip("needs Chromium and the package playwright", allow_module_level=True)

from playwright.sync_api import Browser, Page, Response, Route, expect, sync_playwright  # noqa: E402 - there may be none

expect.set_options(timeout=20_000)

DESK, PHONE = (1280, 860), (390, 780)
AXE = find_spec("axe_playwright_python")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        flags = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        yield browser
        browser.close()


class Visit:
    """A browser window at the page; whatever the browser complains about is kept."""

    def __init__(self, browser: Browser, base: str, size: tuple[int, int] = DESK, **options: Any) -> None:
        viewport = {"width": size[0], "height": size[1]}
        self.context = browser.new_context(base_url=base, viewport=viewport, **options)  # type: ignore[arg-type]
        self.page: Page = self.context.new_page()
        self.complaints: list[str] = []
        self.requests: list[str] = []
        self.page.on("console", lambda said: self.complaints.append(said.text) if said.type == "error" else None)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.set_default_timeout(20_000)

    def __enter__(self) -> Page:
        return self.page

    def __exit__(self, *_: object) -> None:
        self.context.close()


@pytest.fixture
def visit(browser: Browser, page: Served) -> Iterator[Visit]:
    """A window in which nothing may go wrong, and which asks no other host."""
    base = f"http://127.0.0.1:{page.port}"
    visit = Visit(browser, base)
    yield visit
    visit.context.close()
    assert visit.complaints == []
    assert {url.split("/")[2] for url in visit.requests} == {f"127.0.0.1:{page.port}"}


def ask(page: Page, question: str) -> None:
    page.goto("/")
    page.locator("#q").press_sequentially(question, delay=5)
    expect(page).to_have_url(re.compile(re.escape(f"/?{urlencode({'q': question})}") + "$"))


def test_a_question_is_answered_while_it_is_typed(visit: Visit) -> None:
    page = visit.page
    ask(page, "who may sign the lease?")
    hit = page.locator(".hit").first
    expect(hit.locator("h2")).to_have_text("Lease")
    expect(hit.locator("b mark").first).to_have_text("lease")
    expect(hit.locator("b")).to_contain_text("The lease may be signed by Anna Miller only.")
    expect(page.locator("#status")).to_have_text(re.compile(r"\d+ passages"))
    assert page.url.endswith("/?q=who+may+sign+the+lease%3F")
    asked = [url for url in visit.requests if "/results?" in url]
    assert len(asked) < len("who may sign the lease?")
    expect(page).to_have_title("who may sign the lease? · wherein")


def test_a_filter_restricts_and_is_removed(visit: Visit) -> None:
    page = visit.page
    ask(page, "house")
    expect(page.locator(".hit")).not_to_have_count(0)
    page.locator("summary", has_text="Type").click()
    page.locator(".choices a", has_text="PDF").click()
    page.wait_for_url("**/?q=house&type=pdf")
    expect(page.locator(".hit h2").first).to_have_text("manual.pdf")
    expect(page.locator(".menu[open] .value")).to_have_text("PDF")
    page.keyboard.press("Escape")
    page.locator("#q").fill("dogs guard")
    expect(page.locator("#q")).to_have_value("dogs guard")
    page.wait_for_url("**/?q=dogs+guard&type=pdf")
    page.locator(".clear").click()
    expect(page.locator(".hit h2").first).to_have_text("dogs.txt")
    page.go_back()
    expect(page.locator(".value")).to_have_text("PDF")


def test_a_condition_on_metadata_and_a_date_are_typed(visit: Visit) -> None:
    page = visit.page
    page.goto("/?q=house")
    page.locator("summary", has_text="Metadata").click()
    page.locator("[name=where]").fill("author LIKE 'Tom%'")
    page.keyboard.press("Enter")
    expect(page.locator(".hit h2")).to_have_text(["Garden"])
    page.locator("summary", has_text="Date").click()
    page.locator("[name=since]").fill("2999-01-01")
    expect(page.locator("#results")).to_contain_text("Nothing found")


def test_a_hit_opens_the_document_at_the_passage_and_back_leads_to_it(visit: Visit) -> None:
    page = visit.page
    ask(page, "power of attorney")
    link = page.locator(".hit h2 a").first
    name = link.get_attribute("id")
    link.click()
    page.wait_for_url("**/documents/*")
    expect(page.locator(".sentence").first).to_be_in_viewport()
    assert "A deputy needs a power of attorney." in "".join(page.locator(".sentence").all_inner_texts())
    page.go_back()
    expect(page.locator("#q")).to_have_value("power of attorney")
    expect(page.locator(f"#{name}")).to_be_focused()
    page.keyboard.press("Enter")
    page.wait_for_url("**/documents/*")
    page.keyboard.press("Escape")
    expect(page.locator(f"#{name}")).to_be_focused()


def test_a_pdf_is_shown_at_its_page(browser: Browser, page: Served) -> None:
    visit, downloads = Visit(browser, f"http://127.0.0.1:{page.port}"), list[object]()
    with visit as window:
        window.on("download", lambda download: downloads.append(download))
        window.goto("/?q=valve+behind+the+sink&type=pdf")
        with window.expect_response(_shows_pdf):
            window.locator('a[href*="/original"]').first.click()
        assert window.url.endswith("/original?inline=true#page=2")
    assert downloads == []
    assert not [complaint for complaint in visit.complaints if "Policy" in complaint]  # nor was the viewer refused


def _shows_pdf(response: Response) -> bool:
    """Whether the browser's viewer has the file."""
    return response.url.startswith("chrome-extension:") and response.headers.get("content-type") == "application/pdf"


def test_an_address_is_shared(browser: Browser, visit: Visit, page: Served) -> None:
    ask(visit.page, "cats hunt")
    visit.page.locator("summary", has_text="Type").click()
    visit.page.locator(".choices a", has_text="Text").click()
    visit.page.wait_for_url("**type=txt")
    with Visit(browser, f"http://127.0.0.1:{page.port}") as other:
        other.goto(visit.page.url)
        expect(other.locator("#q")).to_have_value("cats hunt")
        expect(other.locator(".hit h2").first).to_have_text("cats.txt")
        expect(other.locator(".value")).to_have_text("Text")


def test_the_keyboard_alone_is_enough(visit: Visit) -> None:
    page = visit.page
    page.goto("/?q=house")
    page.locator("body").click(position={"x": 5, "y": 400})
    page.keyboard.press("/")
    expect(page.locator("#q")).to_be_focused()
    page.keyboard.type("cats")
    page.wait_for_url("**/?q=cats")
    hits = page.locator(".hit h2 a")
    page.keyboard.press("ArrowDown")
    expect(hits.nth(0)).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(hits.nth(1)).to_be_focused()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    expect(page.locator("#q")).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Escape")
    expect(page.locator("#q")).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#q")).to_have_value("")
    expect(page.locator(".welcome")).to_be_visible()
    page.wait_for_url("**/")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(page.locator("summary").first).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("ArrowDown")
    expect(page.locator(".menu[open] .choices a").first).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("summary").first).to_be_focused()
    expect(page.locator(".menu[open]")).to_have_count(0)


def test_the_last_question_wins_though_its_answer_comes_first(visit: Visit) -> None:
    page, held = visit.page, list[Route]()
    page.goto("/")

    def hold(route: Route) -> None:
        if "cats" in route.request.url:
            held.append(route)
        else:
            route.continue_()

    page.route("**/results?*", hold)
    page.locator("#q").fill("cats")
    with page.expect_request("**/results?q=cats"):
        pass
    page.locator("#q").fill("dogs")
    expect(page.locator(".hit h2").first).to_have_text("dogs.txt")
    for route in held:
        route.fulfill(body="<p id=late>late</p>", content_type="text/html")
    page.wait_for_timeout(300)
    expect(page.locator("#late")).to_have_count(0)
    expect(page.locator(".hit h2").first).to_have_text("dogs.txt")
    assert page.url.endswith("?q=dogs")


def test_a_lost_connection_is_told_and_mended(browser: Browser, page: Served) -> None:
    with Visit(browser, f"http://127.0.0.1:{page.port}") as window:
        window.goto("/")
        window.route("**/results?*", lambda route: route.abort())
        window.locator("#q").fill("cats")
        expect(window.locator("#lost")).to_be_visible()
        window.unroute("**/results?*")
        expect(window.locator("#lost")).to_be_hidden()
        expect(window.locator(".hit h2").first).to_have_text("cats.txt")


@pytest.mark.parametrize(
    ("body", "kind"),
    [('{"message": "Too many requests are waiting", "hint": "try again"}', "application/problem+json"),
     ("<header></header><main id=main><h2>Too many requests are waiting</h2></main>", "text/html")],
)  # fmt: skip
def test_a_refusal_is_shown(browser: Browser, page: Served, body: str, kind: str) -> None:
    with Visit(browser, f"http://127.0.0.1:{page.port}") as window:
        window.goto("/")
        window.route("**/results?*", lambda route: route.fulfill(status=429, body=body, content_type=kind))
        window.locator("#q").fill("cats")
        expect(window.locator("#results h2")).to_have_text("Too many requests are waiting")
        assert window.locator("#results header").count() == 0
        window.unroute("**/results?*")
        window.locator("#q").fill("dogs")
        expect(window.locator(".hit h2").first).to_have_text("dogs.txt")


def test_it_works_without_javascript(browser: Browser, page: Served) -> None:
    with Visit(browser, f"http://127.0.0.1:{page.port}", java_script_enabled=False) as window:
        window.goto("/")
        window.locator("#q").fill("house")
        window.locator("button", has_text="Search").click()
        window.locator("summary", has_text="Type").click()
        window.locator(".choices a", has_text="PDF").click()
        window.wait_for_url("**/?q=house&type=pdf")
        window.locator("#q").fill("valve behind the sink")
        window.keyboard.press("Enter")
        window.wait_for_url("**type=pdf")
        window.locator(".hit h2 a").first.click()
        expect(window.locator(".sentence").first).to_be_in_viewport()
        window.locator("#back").click()
        expect(window.locator("#q")).to_have_value("valve behind the sink")


@pytest.mark.parametrize("question", ["zebra", "quagga", "okapi", "<svg onload=window.hacked=1>"])
def test_hostile_documents_and_questions_do_nothing(visit: Visit, question: str) -> None:
    page = visit.page
    ask(page, question)
    expect(page.locator(".hit")).not_to_have_count(0)
    for number in range(1, 10):
        page.goto(f"/documents/{number}?q={question}")
    page.goto("/library")
    assert page.evaluate("window.hacked") is None
    assert page.locator("#bold, #slant").count() == 0


@pytest.mark.parametrize("size", [DESK, PHONE, (320, 600)], ids=str)
@pytest.mark.parametrize("address", ["/", "/?q=okapi", "/?q=house&type=md", "/library", "/documents/1", "/documents/8"])
def test_nothing_is_wider_than_the_window(browser: Browser, page: Served, size: tuple[int, int], address: str) -> None:
    with Visit(browser, f"http://127.0.0.1:{page.port}", size) as window:
        window.goto(address)
        assert window.evaluate("document.documentElement.scrollWidth") <= size[0]
        if window.locator(".menu").count():
            window.locator(".menu summary").last.click()
            assert window.evaluate("document.documentElement.scrollWidth") <= size[0]


@pytest.mark.slow
@pytest.mark.skipif(not AXE, reason="needs the package axe-playwright-python")
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESK, PHONE], ids=str)
def test_axe_finds_nothing(browser: Browser, page: Served, size: tuple[int, int], scheme: str) -> None:
    assert AXE
    source = (Path(str(AXE.origin)).parent / "axe.min.js").read_text("utf-8")
    found: dict[str, list[str]] = {}
    with Visit(browser, f"http://127.0.0.1:{page.port}", size, color_scheme=scheme) as window:
        for address in (
            "/",
            "/?q=house",
            "/?q=xylophone&mode=keyword",
            "/?mode=magic&q=a",
            "/documents/1?q=lease",
            "/library",
        ):
            window.goto(address)
            for why in window.locator(".why:visible").all()[:1]:
                why.locator("summary").click()
            window.evaluate(source)
            result = window.evaluate("axe.run({resultTypes: ['violations']})")
            for one in result["violations"]:
                found.setdefault(f"{address}: {one['id']}", []).append(str(one["nodes"][0]["html"])[:200])
    assert found == {}


def test_changes_are_followed_to_their_end(browser: Browser, page: Served, tmp_path: Path) -> None:
    (tmp_path / "plums.txt").write_text("Plums are blue.\n")
    with Visit(browser, f"http://127.0.0.1:{page.port}") as window:
        window.goto("/library")
        window.locator("#files").set_input_files(tmp_path / "plums.txt")
        window.locator("button", has_text="Upload").click()
        expect(window.locator(".jobs .tag").first).to_have_text("done", timeout=30_000)
        window.goto("/?q=plums")
        expect(window.locator(".hit h2").first).to_have_text("plums.txt")
        expect(window.locator(".hit").first.locator(".original")).to_have_count(0)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_themes_differ(browser: Browser, page: Served, scheme: str) -> None:
    with Visit(browser, f"http://127.0.0.1:{page.port}", color_scheme=scheme) as window:
        window.goto("/")
        red = int(window.evaluate("getComputedStyle(document.body).backgroundColor.match(/[0-9]+/)[0]"))
        assert (red > 200) == (scheme == "light")


def test_the_way_back_to_a_former_question_shows_it_in_the_box(visit: Visit) -> None:
    page = visit.page
    ask(page, "lease")
    page.keyboard.press("Enter")
    page.locator("#q").fill("")
    page.locator("#q").press_sequentially("zebra")
    expect(page).to_have_url(re.compile(r"/\?q=zebra$"))
    page.go_back()
    expect(page).to_have_url(re.compile(r"/\?q=lease$"))
    expect(page.locator("#q")).to_have_value("lease")


def test_a_form_is_not_sent_again_when_the_tasks_have_ended(browser: Browser, page: Served) -> None:
    busy = '<ul class="jobs" data-busy><li>One</li></ul>'

    def as_busy(route: Route) -> None:
        answer = route.fetch()
        text = re.sub(r'(<div id="task-list"[^>]*>).*?</div>', rf"\1{busy}</div>", answer.text(), flags=re.DOTALL)
        route.fulfill(response=answer, body=text)

    with (visit := Visit(browser, f"http://127.0.0.1:{page.port}")) as window:
        window.route("**/library/sources", as_busy)
        window.goto("/library")
        window.locator("#sources").fill("relative")
        with window.expect_response("**/library/tasks"):
            window.get_by_role("button", name="Ingest").click()
        expect(window.locator("[data-busy]")).to_have_count(0)
        window.wait_for_load_state("networkidle")
        expect(window.locator(".problem")).to_have_count(1)
        assert sum(url.endswith("/library/sources") for url in visit.requests) == 1


def test_the_head_of_a_document_stays_on_one_line_on_a_phone(browser: Browser, page: Served) -> None:
    with Visit(browser, f"http://127.0.0.1:{page.port}", PHONE) as window:
        ask(window, "who may sign the lease if nobody else is at home?")
        window.locator(".hit h2 a").first.click()
        expect(window.locator("#back")).to_be_visible()
        heights = window.evaluate("['.name', '.top nav'].map(one => document.querySelector(one).clientHeight)")
        assert max(heights) < 40
