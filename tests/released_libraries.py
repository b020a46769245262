"""Libraries of every schema that was ever released."""

import tarfile
from pathlib import Path

FIXTURES = sorted((Path(__file__).parent / "fixtures").glob("library-schema-*.tar.gz"))


def unpack(fixture: Path, folder: Path) -> Path:
    with tarfile.open(fixture) as tar:
        # Python 3.11 has filters from 3.11.4 on, and Debian 12 has 3.11.2.
        tar.extraction_filter = getattr(tarfile, "data_filter", None)
        tar.extractall(folder)
    return folder
