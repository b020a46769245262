"""The collections of a library in Milvus: one of passages for each generation, and one of everything else.

`NAME_g7` holds the passages of a generation, one row each; the alias `NAME` leads to the active one. `NAME_catalog`
holds records as JSON: the generations, their documents, and what `records.py` lists.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from wherein.storage.index.choices import AUTO, EXACT, HNSW, IVF
from wherein.storage.store.keys import KEY_LENGTH
from wherein.storage.store.milvus.client import LOAD_SECONDS

if TYPE_CHECKING:
    from pymilvus import MilvusClient

__all__ = [
    "CATALOG_FIELDS", "MAX_FACTS_BYTES", "MAX_NAME_BYTES", "MAX_TERMS", "MAX_TEXT_BYTES", "PASSAGE_FIELDS",
    "create_catalog", "create_passages", "search_parameters",
]  # fmt: skip

MAX_TEXT_BYTES = 65_535
MAX_TERMS = 4_096
"""Distinct terms of a passage: an array has no more elements."""
MAX_FACTS_BYTES = 65_000
MAX_NAME_BYTES = 32_768

# Milvus has no collection without vectors.
_NO_VECTOR = "unused"
_NAMES, _TEXTS = ("uri", "title", "media_type"), ("metadata", "heading", "text")
_KEYS = ("document", "version", "input_hash")
_INTEGERS = ("ordinal", "start", "end", "line", "page", "length", "sample")

PASSAGE_FIELDS = (
    "key", "document", "version", "uri", "title", "media_type", "metadata", "ordinal", "start", "end", "line", "page",
    "heading", "input_hash", "recognized", "text",
)  # fmt: skip
"""What is read of a passage."""
CATALOG_FIELDS = ("kind", "name", "value", "more")

# Of IVF, lists for up to a few million vectors; of HNSW, the usual values of its paper.
_INDEXES: dict[str, tuple[str, dict[str, int]]] = {
    AUTO: ("FLAT", {}),
    EXACT: ("FLAT", {}),
    HNSW: ("HNSW", {"M": 16, "efConstruction": 200}),
    IVF: ("IVF_FLAT", {"nlist": 1_024}),
    "ivf_sq8": ("IVF_SQ8", {"nlist": 1_024}),
}
_LEAST_EFFORT = 128


def create_passages(client: MilvusClient, name: str, width: int, index: str) -> None:
    """Create and load the collection of a generation."""
    from pymilvus import DataType

    schema = client.create_schema(auto_id=False, enable_dynamic_field=False)
    schema.add_field("key", DataType.VARCHAR, is_primary=True, max_length=KEY_LENGTH)
    for field in _KEYS:
        schema.add_field(field, DataType.VARCHAR, max_length=KEY_LENGTH)
    for field in _NAMES:
        schema.add_field(field, DataType.VARCHAR, max_length=8_192)
    for field in _TEXTS:
        schema.add_field(field, DataType.VARCHAR, max_length=MAX_TEXT_BYTES)
    for field in _INTEGERS:
        schema.add_field(field, DataType.INT64)
    schema.add_field("recognized", DataType.BOOL)
    schema.add_field("facts", DataType.JSON)
    schema.add_field("terms", DataType.ARRAY, element_type=DataType.INT64, max_capacity=MAX_TERMS)
    schema.add_field("counts", DataType.ARRAY, element_type=DataType.INT32, max_capacity=MAX_TERMS)
    schema.add_field("vector", DataType.FLOAT_VECTOR, dim=width)
    kind, parameters = _INDEXES[index]
    _create(client, name, schema, "vector", kind, "IP", parameters)


def create_catalog(client: MilvusClient, name: str) -> None:
    """Create and load the collection of records."""
    from pymilvus import DataType

    schema = client.create_schema(auto_id=False, enable_dynamic_field=False)
    schema.add_field("key", DataType.VARCHAR, is_primary=True, max_length=KEY_LENGTH)
    schema.add_field("kind", DataType.VARCHAR, max_length=256)
    for field, size in (("name", MAX_NAME_BYTES), ("value", MAX_TEXT_BYTES), ("more", MAX_TEXT_BYTES)):
        schema.add_field(field, DataType.VARCHAR, max_length=size)
    schema.add_field(_NO_VECTOR, DataType.FLOAT_VECTOR, dim=2)
    _create(client, name, schema, _NO_VECTOR, "FLAT", "L2", {})


def _create(
    client: MilvusClient, name: str, schema: Any, vector: str, kind: str, metric: str, parameters: dict[str, int]
) -> None:
    indexes = client.prepare_index_params()
    indexes.add_index(field_name=vector, index_type=kind, metric_type=metric, params=parameters)
    # Strong: a read sees every write that was acknowledged before it, whoever wrote it.
    client.create_collection(
        name, schema=schema, index_params=indexes, consistency_level="Strong", timeout=LOAD_SECONDS
    )
    client.load_collection(name, timeout=LOAD_SECONDS)


def search_parameters(index: str, k: int) -> dict[str, Any]:
    """Return the parameters of a search for `k` passages."""
    kind, _ = _INDEXES[index]
    effort: dict[str, int] = {}
    if kind == "HNSW":
        effort = {"ef": min(max(_LEAST_EFFORT, 2 * k), 32_768)}
    elif kind.startswith("IVF"):
        effort = {"nprobe": 64}
    return {"metric_type": "IP", "params": effort}
