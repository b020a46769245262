"""A page of the web as a source: when it is asked for again, and its state as if it were a file."""

from dataclasses import replace

import pytest
from sqlite_utils import Database

from catalog_rows import add_file, add_source
from web_server import Answer, Site
from wherein.errors import Unreadable
from wherein.ingest.changes.unchanged import version_of
from wherein.ingest.sources.web import Gone
from wherein.ingest.sources.web_source import WebSource
from wherein.storage.catalog.files import REREAD, FileState
from wherein.storage.catalog.sources import Source

STAMP, STAMP_NS = "Fri, 08 Jul 2011 12:08:34 GMT", 1310126914 * 10**9
PAGE = b"<p>The owner signs."


@pytest.fixture
def source(db: Database, web: Site) -> Source:
    return replace(add_source(db, f"{web.address}/lease", "web"), etag='"1"')


def test_a_new_page_with_the_time_of_its_server(web: Site, source: Source) -> None:
    web.pages["/lease"] = Answer(PAGE, headers={"Last-Modified": STAMP, "ETag": '"1"'})
    fetched = WebSource().fetch(source, None, 1_000)
    assert fetched is not None
    assert fetched.page.data == PAGE
    state = fetched.state
    assert state == FileState(len(PAGE), STAMP_NS, 0, 0, state.checked_ns)
    assert "If-None-Match" not in web.asked[-1][1]


def test_a_page_that_is_stored_is_not_sent_again(web: Site, source: Source, db: Database) -> None:
    web.pages["/lease"] = Answer(PAGE, headers={"ETag": '"1"'})
    record = add_file(db, source, source.uri, data=PAGE, version=version_of("html-1"))
    current = replace(record, version=version_of(""))
    assert WebSource().fetch(source, current, 1_000) is None
    for stale in (replace(current, version=REREAD), replace(current, state="failed")):
        assert WebSource().fetch(source, stale, 1_000) is not None


def test_without_a_time_a_version_is_as_old_as_its_first_fetch(web: Site, source: Source, db: Database) -> None:
    web.pages["/lease"] = Answer(PAGE)
    first = WebSource().fetch(source, None, 1_000)
    assert first is not None
    assert first.state.mtime_ns == first.state.checked_ns
    record = add_file(db, source, source.uri, on_disk=first.state, data=PAGE, version=version_of(""))
    again = WebSource().fetch(source, record, 1_000)
    assert again is not None
    assert again.state.mtime_ns == first.state.mtime_ns < again.state.checked_ns
    web.pages["/lease"] = Answer(PAGE + b"!")
    other = WebSource().fetch(source, record, 1_000)
    assert other is not None
    assert other.state.mtime_ns == other.state.checked_ns


def test_a_page_that_is_gone_or_too_large(web: Site, source: Source) -> None:
    with pytest.raises(Gone):
        WebSource().fetch(source, None, 1_000)
    web.pages["/lease"] = Answer(PAGE)
    with pytest.raises(Unreadable, match="larger than --max-size"):
        WebSource().fetch(source, None, len(PAGE) - 1)
