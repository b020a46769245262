"""tar archives."""

import io
import tarfile

from archives import DAMAGED, contents, read, refused, tar
from wherein.ingest.document import Problem
from wherein.ingest.readers.heads import is_tar


def test_members_with_the_same_name() -> None:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for data in (b"old", b"new", b"newer"):
            info = tarfile.TarInfo("a.txt")
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    assert contents(read(stream.getvalue())) == {"a.txt": "old", "a.txt (2)": "new", "a.txt (3)": "newer"}


def test_what_is_no_regular_file() -> None:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for name, kind in (
            ("d", tarfile.DIRTYPE),
            ("l", tarfile.SYMTYPE),
            ("h", tarfile.LNKTYPE),
            ("p", tarfile.FIFOTYPE),
        ):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, "/etc/passwd"
            archive.addfile(info)
    assert read(stream.getvalue()) == [Problem("p", "not a regular file", skipped=True)]


def test_a_header_that_claims_gigabytes() -> None:
    info = tarfile.TarInfo("a")
    info.type, info.size = tarfile.XHDTYPE, 4 << 30
    data = info.tobuf(tarfile.GNU_FORMAT) + b"x" * 5_000
    assert refused(data) == ([], "a header is far too long")
    chain = tarfile.TarInfo("a")
    chain.type, chain.size = tarfile.GNUTYPE_LONGNAME, 1
    data = (chain.tobuf(tarfile.GNU_FORMAT) + b"x" + b"\0" * 511) * 3_000
    assert refused(data)[1].startswith(DAMAGED)


def test_a_header_is_known_by_its_checksum() -> None:
    data = tar({"a.txt": b"one"})
    assert is_tar(data[:512])
    assert is_tar(data)
    assert not is_tar(data[:511])
    assert not is_tar(b"\0" * 512)
    assert not is_tar(bytes([data[0] ^ 1]) + data[1:512])


def test_a_sparse_file_is_skipped() -> None:
    info = tarfile.TarInfo("a")
    info.type = tarfile.GNUTYPE_SPARSE
    found = read(info.tobuf(tarfile.GNU_FORMAT) + b"\0" * 1024)
    assert found == [Problem("a", "sparse file", skipped=True)]
