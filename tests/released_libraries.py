"""Libraries of every schema that was ever released."""

import tarfile
from pathlib import Path

FIXTURES = sorted((Path(__file__).parent / "fixtures").glob("library-schema-*.tar.gz"))


def unpack(fixture: Path, folder: Path) -> Path:
    with tarfile.open(fixture) as tar:
        tar.extractall(folder, filter="data")
    return folder
