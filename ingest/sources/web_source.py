"""A page of the web as a source: fetched when the server has another version than the one that is stored."""

import time
from dataclasses import dataclass

from wherein.ingest.changes.freshness import file_state
from wherein.ingest.changes.unchanged import is_current
from wherein.ingest.sources.web import Web
from wherein.ingest.sources.web_response import Page, Validators
from wherein.storage.catalog.checksums import content_hash
from wherein.storage.catalog.files import FileRecord, FileState
from wherein.storage.catalog.sources import Source

__all__ = ["FetchedPage", "WebSource"]


@dataclass(frozen=True)
class FetchedPage:
    """A page that was fetched, and its state as if it were a file."""

    page: Page
    state: FileState


class WebSource:
    """Fetches the pages that are sources."""

    def __init__(self) -> None:
        self._web = Web()

    def fetch(self, source: Source, record: FileRecord | None, max_size: int) -> FetchedPage | None:
        """Return the page, None when the server says that it is the version of `record`.

        Raises Gone when the page no longer exists, Unreadable when it cannot be fetched or has more than `max_size`
        bytes.
        """
        known = record is not None and record.state == "read" and is_current(record, source.reading)
        validators = Validators(source.etag, source.modified) if known else Validators()
        page = self._web.fetch(source.uri, max_size, validators, public_only=source.confined)
        return FetchedPage(page, _state_of(page, source, record)) if page else None


def _state_of(page: Page, source: Source, record: FileRecord | None) -> FileState:
    """Return a page's state; where the server gives no time of modification, when this version was first fetched."""
    now = time.time_ns()
    is_same = record and record.content_hash == content_hash(page.data) and is_current(record, source.reading)
    modified = page.modified_ns or (record.state_on_disk.mtime_ns if record and is_same else now)
    return file_state(len(page.data), modified, 0, 0, now)
