"""A library of three documents with known ids, written without a reader, and SQL that damages it.

Documents 1 and 2 have files and are in the generations 1 (vectors) and 2 (keywords); document 3 came on standard input
and is in the delta. Document 1 has chunks 1 and 2, document 2 has chunk 3 and document 3 chunk 4; each chunk's vector
has the chunk's id.
"""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from sqlite_utils import Database

from catalog_rows import add_file, add_source
from sqlite_file import PAGE
from toy import ToyEncoder
from wherein.storage.catalog.checksums import content_hash
from wherein.storage.catalog.connection import CATALOG, open_writer, writing
from wherein.storage.catalog.documents import ChunkRow, DocumentRow, model_input, save_document
from wherein.storage.catalog.models import StoredModel, bind_model
from wherein.storage.catalog.vectors import save_vectors
from wherein.storage.index.generation_writer import write_generation
from wherein.storage.index.generations import KEYWORDS, VECTORS

__all__ = [
    "FILE_A", "FILE_B", "INDEX", "KEYWORD_INDEX", "MEMO", "PASSAGES", "damage", "damage_sqlite_index", "rows",
    "write_small_library", "zero_root_page",
]  # fmt: skip

FILE_A, FILE_B, MEMO = "file:///docs/a.txt", "file:///docs/b.txt", "stdin:memo"
PASSAGES = {
    FILE_A: ("The lease is signed by the owner. ", "Her attorney may sign it too."),
    FILE_B: ("Herring is sold by the barrel.",),
    MEMO: ("The spare key hangs behind the door.",),
}
INDEX, KEYWORD_INDEX = "000001.faiss", "000002.keywords"


def write_small_library(folder: Path) -> None:
    with closing(open_writer(folder)) as db:
        source = add_source(db, "file:///docs")
        add_source(db, MEMO, "stdin")
        with writing(db, "test"):
            model = bind_model(
                db, fingerprint="f" * 16, name="toy", version="1", precision="w8a32", dimension=ToyEncoder().model.width
            )
        for uri in (FILE_A, FILE_B):
            _save(db, model, uri, add_file(db, source, uri, documents=0).id)
        write_generation(db, folder, model, VECTORS)
        write_generation(db, folder, model, KEYWORDS)
        _save(db, model, MEMO, None)


def _save(db: Database, model: StoredModel, uri: str, file_id: int | None) -> None:
    text, passages = "".join(PASSAGES[uri]), PASSAGES[uri]
    chunks = _chunks(text, passages)
    with writing(db, "test"):
        save_document(db, DocumentRow(uri, file_id, "Title", "text/plain", text, {}, (), chunks))
        vectors = ToyEncoder().encode_contexts([model_input(text, chunk.start, chunk.end) for chunk in chunks])
        save_vectors(db, model.id, [chunk.input_hash for chunk in chunks], vectors)


def _chunks(text: str, passages: Sequence[str]) -> list[ChunkRow]:
    ends = [sum(map(len, passages[: number + 1])) for number in range(len(passages))]
    spans = zip([0, *ends], ends, strict=False)
    return [ChunkRow(start, end, content_hash(model_input(text, start, end)), None, ()) for start, end in spans]


def damage(folder: Path, *statements: str) -> None:
    """Change rows past every check of the database, as flipped bits would."""
    with closing(sqlite3.connect(folder / CATALOG, isolation_level=None)) as db:
        for pragma in ("foreign_keys=OFF", "ignore_check_constraints=ON", "writable_schema=ON"):
            db.execute(f"PRAGMA {pragma}")
        for statement in statements:
            assert db.execute(statement).rowcount != 0, statement


def rows(folder: Path, statement: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(folder / CATALOG)) as db:
        return db.execute(statement).fetchall()


def zero_root_page(folder: Path, table: str) -> None:
    """Overwrite the first page of a table, which in a library this small is the only one."""
    ((page,),) = rows(folder, f"SELECT rootpage FROM sqlite_master WHERE name = '{table}'")
    with (folder / CATALOG).open("r+b") as file:
        file.seek((int(str(page)) - 1) * PAGE)
        file.write(bytes(PAGE))


def damage_sqlite_index(folder: Path) -> None:
    """Change a file's content hash while SQLite does not know the index of that column."""
    ((*hidden,),) = rows(folder, "SELECT * FROM sqlite_master WHERE name = 'files_by_content'")
    damage(folder, "DELETE FROM sqlite_master WHERE name = 'files_by_content'")
    damage(folder, "UPDATE files SET content_hash = x'00' WHERE id = 2")
    values = ", ".join(f"'{value}'" if isinstance(value, str) else str(value) for value in hidden)
    damage(folder, f"INSERT INTO sqlite_master VALUES ({values})")
