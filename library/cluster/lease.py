"""Who writes to a library in Milvus: a record that the writer renews, since no lock of one machine reaches the others.

It keeps out the second command that is started by mistake. Two that begin within the same moment may both see it free,
and then the one whose record was overwritten gives way.
"""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from threading import Event, Lock, Thread
from typing import Any
from uuid import uuid4

from wherein.errors import LibraryBusy, WhereinError
from wherein.storage.store.document import Record
from wherein.storage.store.store import Store

__all__ = ["writing_to"]

_KIND, _NAME = "lease", "writer"
_RENEWED_EVERY, _VALID = 10.0, 60.0
_PAUSE = 1.0
_turns: dict[str, Lock] = {}
_BUSY = "process {pid} on {host} is writing to this library; wait for it, or add --wait"


@contextmanager
def writing_to(store: Store, *, wait: bool = False) -> Iterator[None]:
    """Be the only writer; with `wait` another process is waited for, and another thread of this one in any case.

    Raises LibraryBusy while another process writes.
    """
    with _turns.setdefault(store.address, Lock()), _leased(store, wait):
        yield


@contextmanager
def _leased(store: Store, wait: bool) -> Iterator[None]:
    own = uuid4().hex
    while (holder := _other_holder(store, own)) or not _take(store, own):
        if holder and not wait:
            raise LibraryBusy(_BUSY.format(**holder), int(holder["pid"]))
        time.sleep(_PAUSE)
    ended = Event()
    renewing = Thread(target=_renew, args=(store, own, ended), name="wherein-lease", daemon=True)
    renewing.start()
    try:
        yield
    finally:
        ended.set()
        renewing.join()
        with suppress(WhereinError):  # it ends by itself
            store.delete_records(_KIND, [_NAME])


def _take(store: Store, own: str) -> bool:
    """Write the record, and return whether it was not overwritten at once."""
    _write(store, own)
    return _other_holder(store, own) is None


def _write(store: Store, own: str) -> None:
    value = {"id": own, "host": socket.gethostname(), "pid": os.getpid(), "renewed_at": time.time()}
    store.put_records([Record(_KIND, _NAME, value)])


def _renew(store: Store, own: str, ended: Event) -> None:
    while not ended.wait(_RENEWED_EVERY):
        with suppress(WhereinError):  # what writes meets the same, and reports it
            _write(store, own)


def _other_holder(store: Store, own: str) -> Mapping[str, Any] | None:
    """Return the record of another writer that is alive as far as can be seen."""
    for record in store.records(_KIND, [_NAME]):
        if record.value["id"] != own and _is_alive(record.value):
            return record.value
    return None


def _is_alive(holder: Mapping[str, Any]) -> bool:
    if time.time() - holder["renewed_at"] > _VALID:
        return False
    if holder["host"] != socket.gethostname():
        return True
    try:
        os.kill(int(holder["pid"]), 0)  # sends nothing
    except ProcessLookupError:
        return False
    except PermissionError:  # there is such a process, of another user
        return True
    return True
