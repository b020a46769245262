"""Files that were written just before they were read: hashed once more at the end of a run, and by then settled.

A file that is read within two seconds of its last write may have been written again within the same time stamp, so its
state proves nothing, and every later question and run would have to hash it.
"""

import os
from collections.abc import Iterable

from sqlite_utils import Database

from wherein.ingest.changes.freshness import hash_file, is_settled, state_from
from wherein.storage.catalog.connection import writing
from wherein.storage.catalog.files import FileState, find_file, settle_file
from wherein.uri import file_path

__all__ = ["UnsettledFiles"]


class UnsettledFiles:
    """The files of one run, or those at `uris`, that were written just before they were read."""

    def __init__(self, uris: Iterable[str] = ()) -> None:
        self._uris = list(uris)

    def note(self, uri: str, state: FileState) -> None:
        """Note a file that was recorded with this state, if the state proves nothing."""
        if not is_settled(state):
            self._uris.append(uri)

    def settle(self, db: Database) -> list[str]:
        """Record a state that proves something for the files that hold what was read from them; return the others.

        They are left as they are, for the next run to hash, and so are those that were still written less than two
        seconds ago.
        """
        uris, self._uris = self._uris, []
        settled = [(uri, state) for uri in uris if (state := _settled_state(db, uri))]
        if settled:
            with writing(db, "ingest.settle"):
                for uri, state in settled:
                    settle_file(db, uri, state)
        known = dict(settled)
        return [uri for uri in uris if uri not in known]


def _settled_state(db: Database, uri: str) -> FileState | None:
    record, path = find_file(db, uri), file_path(uri)
    if record is None or record.state != "read" or path is None:
        return None
    try:
        state = state_from(os.stat(path))  # noqa: PTH116 - odd bytes stay
        is_ready = is_settled(state) and state.size == record.state_on_disk.size
        return state if is_ready and hash_file(path, state) == record.content_hash else None
    except (OSError, ValueError):
        return None
