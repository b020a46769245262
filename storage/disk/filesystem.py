"""Which kind of file system a folder lies on: SQLite's write-ahead log needs one of this machine."""

import os
from pathlib import Path

__all__ = ["file_system", "is_network"]

_MOUNTS = Path("/proc/self/mountinfo")
_NETWORK = frozenset(
    {"9p", "afs", "afpfs", "ceph", "cifs", "davfs", "glusterfs", "ncpfs", "nfs", "nfs4", "smb3", "smbfs"}
)
_NETWORK_FUSE = frozenset({"fuse.sshfs", "fuse.davfs2", "fuse.glusterfs", "fuse.rclone", "fuse.s3fs", "fuse.ceph"})


def file_system(folder: Path, mounts: Path = _MOUNTS) -> str:
    """Return the kind of file system that `folder` lies on, "" where the system does not tell.

    Read from proc(5)'s mountinfo: fifth field the mount point, first field after " - " the kind; the last mount wins.
    """
    try:
        lines = mounts.read_text("utf-8", "surrogateescape").splitlines()
    except OSError:
        return ""
    place, found, longest = os.path.realpath(folder), "", -1
    for line in lines:
        before, _, after = line.partition(" - ")
        point = _unescaped(before.split(" ")[4])
        if len(point) >= longest and (place == point or place.startswith(point.rstrip("/") + "/")):
            found, longest = after.split(" ")[0], len(point)
    return found


def is_network(kind: str) -> bool:
    """Whether processes of several machines could share it, on which a write-ahead log breaks.

    https://sqlite.org/wal.html: all processes using a database must be on the same host.
    """
    return kind in _NETWORK or kind in _NETWORK_FUSE


def _unescaped(field: str) -> str:
    for code, character in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        field = field.replace(code, character)
    return field
