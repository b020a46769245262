"""The manifest of an export, `export.json`: what it holds, with the hashes to verify it by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from wherein.errors import Damaged, WhereinError
from wherein.installation import how_to_upgrade
from wherein.storage.disk.file_entry import SHA256
from wherein.storage.disk.sealed_json import MALFORMED, digest, seal, unseal
from wherein.storage.store.store import Model

__all__ = [
    "DOCUMENTS", "MANIFEST", "PASSAGES", "RECORDS", "ExportedTable", "Manifest", "decode_manifest", "encode_manifest",
]  # fmt: skip

MANIFEST = "export.json"
DOCUMENTS, PASSAGES, RECORDS = TABLES = ("documents", "passages", "records")
"""The tables of an export. The file of each is named `TABLE.parquet`."""

_FORMAT = 1


@dataclass(frozen=True)
class ExportedTable:
    """A Parquet file: its rows, and its size in bytes."""

    rows: int
    size: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """What an export holds: the state of a library at `created_at` (UTC) or soon after, written by this version.

    `library` is where that library was, `model` that of the vectors. `tables` are those of `TABLES`.
    """

    version: str
    created_at: str
    library: str
    model: Model
    tables: Mapping[str, ExportedTable]

    @property
    def identity(self) -> str:
        """A SHA-256 (hex) of the content: the same for two exports of the same state."""
        fields = asdict(self)
        return digest({name: fields[name] for name in ("model", "tables")})


def encode_manifest(manifest: Manifest) -> bytes:
    """Return the manifest as JSON that includes its own SHA-256."""
    return seal({"format": _FORMAT, **asdict(manifest)})


def decode_manifest(raw: bytes) -> Manifest:
    """Return the manifest. Raises Damaged when it is damaged, WhereinError when it needs a newer Wherein."""
    try:
        fields = unseal(raw)
        if fields.pop("format") > _FORMAT:
            raise WhereinError(f"This export was made by a newer Wherein ({fields['version']}); {how_to_upgrade()}")
        return _manifest(**fields)
    except MALFORMED as error:
        raise Damaged(f"its {MANIFEST} is damaged") from error


def _manifest(*, model: dict[str, Any], tables: dict[str, dict[str, Any]], **fields: Any) -> Manifest:
    found = {name: ExportedTable(**table) for name, table in tables.items()}
    if set(found) != set(TABLES) or not all(SHA256.fullmatch(table.sha256) for table in found.values()):
        raise ValueError("tables")
    return Manifest(model=Model(**model), tables=found, **fields)
