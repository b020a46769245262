"""A folder of texts, one of them empty."""

import os
from pathlib import Path


def write_docs(tmp_path: Path) -> Path:
    folder = tmp_path / "docs"
    folder.mkdir()
    for name in ("kept", "edited", "moved", "gone"):
        (folder / f"{name}.txt").write_text(
            "\n\n".join(f"Paragraph {n} of {name} has {n * n} eels." for n in range(40))
        )
    (folder / "empty.txt").write_text("")
    for path in folder.iterdir():
        os.utime(path, ns=(10**18, 10**18))
    return folder
