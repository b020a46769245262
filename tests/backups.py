"""Libraries to back up, without a model, and what they answer; backups of them, sound and damaged."""

import io
import signal
import tarfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import zstandard
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from catalogs import DIMENSION, unit_vectors
from wherein.storage.backup.backup import Backup, write_backup
from wherein.storage.backup.manifest import MANIFEST
from wherein.storage.catalog.backup_log import older_backups
from wherein.storage.catalog.checksums import content_hash
from wherein.storage.catalog.connection import CATALOG, checkpoint, open_reader, open_writer, snapshot, writing
from wherein.storage.catalog.documents import ChunkRow, DocumentRow, model_input, save_document
from wherein.storage.catalog.models import bind_model, bound_model
from wherein.storage.catalog.vectors import save_vectors
from wherein.storage.disk.failpoints import EXIT_CODE, STEPS
from wherein.storage.index.generation_writer import write_generation
from wherein.storage.index.vector_index import load_index
from wherein.storage.repair.content_digest import check_content

WAYS = {"": EXIT_CODE, ":kill": -signal.SIGKILL}
ANY_POSITION = st.floats(0, 1, exclude_max=True)
OFTEN = settings(max_examples=25, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
Run = Callable[..., tuple[int, Any]]
KINDS = ["copy", "copy.tar.zst"]


def add(folder: Path, *names: str, seed: int, index: bool = True) -> None:
    """Make a library, or add to it: a document of five passages for each name."""
    folder.mkdir(mode=0o700, exist_ok=True)
    with closing(open_writer(folder)) as db:
        model = bound_model(db)
        with writing(db, "test"):
            if model is None:
                model = bind_model(
                    db, fingerprint="f" * 16, name="m", version="1", precision="w8a8", dimension=DIMENSION
                )
            for name in names:
                parts = [f"Passage {i} of {name}. " for i in range(5)]
                text = "".join(parts)
                ends = np.cumsum([len(part) for part in parts]).tolist()
                spans = [(end - len(part), end) for part, end in zip(parts, ends, strict=True)]
                rows = [ChunkRow(a, b, content_hash(model_input(text, a, b)), None, (name,)) for a, b in spans]
                save_document(db, DocumentRow(name, None, name, "text/plain", text, {"n": 1}, (), rows))
                save_vectors(db, model.id, [row.input_hash for row in rows], unit_vectors(5, seed + len(name)))
        if index:
            write_generation(db, folder, model)
        checkpoint(db)


def answers(folder: Path) -> dict[str, Any]:
    """What a library holds, and what it answers; raises when any of it is damaged."""
    with closing(open_reader(folder)) as db, snapshot(db):
        content = check_content(db)
        model = bound_model(db)
        assert model is not None
        index = load_index(db, folder, model, None)
        found = [index.nearest(question, 3) for question in unit_vectors(4, seed=99)]
        uris = [row[0] for row in db.execute("SELECT uri FROM documents ORDER BY uri").fetchall()]
        return {"digest": content.digest, "uris": uris, "ids": [ids.tolist() for ids, _ in found]}


def back_up(library: Path, target: Path, **options: Any) -> Backup:
    with closing(open_reader(library)) as db:
        return write_backup(db, library, target, "9.9", **options)


def noted(library: Path, before: str = "9999") -> list[str]:
    with closing(open_reader(library)) as db:
        return [record.place for record in older_backups(db, before)]


def leftovers(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name.endswith(".part"))


def flip(path: Path, position: int, bit: int = 0) -> None:
    with path.open("r+b") as file:
        file.seek(position)
        (byte,) = file.read(1)
        file.seek(position)
        file.write(bytes([byte ^ (1 << bit)]))


def crafted(folder: Path, target: Path, *members: tuple[tarfile.TarInfo, bytes]) -> None:
    """A backup of `folder` with these members before the others."""
    with zstandard.open(target, "wb") as packed, tarfile.open(fileobj=packed, mode="w|", bufsize=1 << 22) as tar:
        tar.add(folder / MANIFEST, MANIFEST)
        for member, content in members:
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
        tar.add(folder / CATALOG, CATALOG)
        tar.add(folder / "generations" / "000001.faiss", "generations/000001.faiss")


def steps(step: str) -> list[str]:
    assert step in STEPS
    return [f"{step}.begun", f"{step}.written", f"{step}.committed"]
