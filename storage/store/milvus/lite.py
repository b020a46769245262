"""Milvus Lite: the engine of a file, which runs in this process and serves all its connections to that file."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from threading import Lock

from wherein.errors import LibraryBusy, WhereinError
from wherein.storage.disk.lock import is_locked

__all__ = ["close_lite", "open_lite"]

_BUSY = "{} is open in another process; Milvus Lite serves one process at a time: wait for it, or use a server"
_FAILED = "Milvus Lite cannot open {}; it may be damaged, or not be one of its files"

_used = Counter[Path]()
_lock = Lock()


def open_lite(path: Path) -> str:
    """Return the address at which a file's engine listens, started where it is not running; created if need be.

    Raises LibraryBusy while another process has the file open, ImportError when Milvus Lite is not installed.
    """
    from milvus_lite.server_manager import server_manager_instance

    path.parent.mkdir(parents=True, exist_ok=True)
    with _lock:
        address = server_manager_instance.start_and_get_uri(str(path))
        if address is None:
            if is_locked(path / "LOCK"):
                raise LibraryBusy(_BUSY.format(path))
            raise WhereinError(_FAILED.format(path))
        _used[path] += 1
    return str(address)


def close_lite(path: Path) -> None:
    """Give up a connection; with the last one the engine ends, and other processes may open the file."""
    from milvus_lite.server_manager import server_manager_instance

    with _lock:
        _used[path] -= 1
        if _used[path] <= 0:
            del _used[path]
            server_manager_instance.release_server(str(path))
