"""The kind of file system, from mountinfo as the kernel writes it."""

from pathlib import Path

import pytest

from wherein.storage.disk.filesystem import file_system, is_network

MOUNTS = r"""22 1 0:21 / / rw,relatime - ext4 /dev/vda rw
30 22 0:25 / /home/my\040share rw shared:1 - nfs4 server:/export rw
31 22 0:26 / /home rw - btrfs /dev/vdb rw
32 31 0:27 / /home rw - xfs /dev/vdc rw
33 22 0:28 / /srv rw - fuse.sshfs me@host: rw
"""


@pytest.mark.parametrize(
    ("folder", "kind"),
    [
        ("/", "ext4"),
        ("/library", "ext4"),
        ("/home/my share/library", "nfs4"),
        ("/home/my", "xfs"),
        ("/homes", "ext4"),
        ("/srv/a", "fuse.sshfs"),
    ],
)
def test_the_longest_and_last_mount_decides(tmp_path: Path, folder: str, kind: str) -> None:
    (tmp_path / "mountinfo").write_text(MOUNTS)
    assert file_system(Path(folder), tmp_path / "mountinfo") == kind


def test_without_mountinfo_the_type_is_unknown(tmp_path: Path) -> None:
    assert file_system(tmp_path, tmp_path / "missing") == ""
    assert not is_network("")


def test_this_machine_is_not_on_the_network(tmp_path: Path) -> None:
    assert not is_network(file_system(tmp_path))


@pytest.mark.parametrize("kind", ["nfs", "nfs4", "cifs", "smb3", "9p", "fuse.sshfs"])
def test_network_file_systems(kind: str) -> None:
    assert is_network(kind)
