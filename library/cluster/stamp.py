"""A record that is another after each change of a library in Milvus, so that open copies of its catalog are renewed."""

from __future__ import annotations

from uuid import uuid4

from wherein.storage.store.document import Record
from wherein.storage.store.store import Store

__all__ = ["mark_changed", "stamp_of"]

_KIND, _NAME = "stamp", "catalog"


def mark_changed(store: Store) -> None:
    """Note that documents or records were changed; to be called at the end of whatever writes to a library."""
    store.put_records([Record(_KIND, _NAME, {"id": uuid4().hex})])


def stamp_of(store: Store) -> tuple[str, str]:
    """Return the active generation and the last change: another pair after each `mark_changed`."""
    active = next((one.name for one in store.generations() if one.is_active), "")
    found = [str(record.value["id"]) for record in store.records(_KIND, [_NAME])]
    return active, found[0] if found else ""
