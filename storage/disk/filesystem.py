"""The type of file system that a folder is on: SQLite's write-ahead log needs a local one."""

import os
from pathlib import Path

__all__ = ["file_system", "is_network"]

_MOUNTS = Path("/proc/self/mountinfo")
_NETWORK = frozenset(
    {"9p", "afs", "afpfs", "ceph", "cifs", "davfs", "glusterfs", "ncpfs", "nfs", "nfs4", "smb3", "smbfs"}
)
_NETWORK_FUSE = frozenset({"fuse.sshfs", "fuse.davfs2", "fuse.glusterfs", "fuse.rclone", "fuse.s3fs", "fuse.ceph"})


def file_system(folder: Path, mounts: Path = _MOUNTS) -> str:
    """Return the type of the file system that `folder` is on, "" where that is unknown.

    Read from mountinfo (proc(5)): the fifth field is the mount point, the first one after " - " the type. Of several
    mounts at one point the last is visible.
    """
    try:
        lines = mounts.read_text("utf-8", "surrogateescape").splitlines()
    except OSError:
        return ""
    path, kind, longest = os.path.realpath(folder), "", -1
    for line in lines:
        before, _, after = line.partition(" - ")
        point = _unescaped(before.split(" ")[4])
        # With a slash: `/data` is not the mount point of `/database`.
        if len(point) >= longest and (path == point or path.startswith(point.rstrip("/") + "/")):
            kind, longest = after.split(" ")[0], len(point)
    return kind


def is_network(kind: str) -> bool:
    """Whether processes on several machines could share such a file system, which breaks a write-ahead log.

    https://sqlite.org/wal.html: "All processes using a database must be on the same host computer".
    """
    return kind in _NETWORK or kind in _NETWORK_FUSE


def _unescaped(field: str) -> str:
    # The backslash last: `\134040` stands for `\040` and not for a blank.
    for code, character in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        field = field.replace(code, character)
    return field
