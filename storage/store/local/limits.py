"""What a store in a folder can do."""

from wherein.storage.index.choices import CHOICES
from wherein.storage.store.store import Capabilities

__all__ = ["LIMITS"]

LIMITS = Capabilities(
    engine="SQLite and FAISS",
    index_kinds=CHOICES,
    max_hits=16_384,
    max_text_bytes=65_535,
    max_metadata_bytes=60_000,
    scores_words=True,
    is_shared=True,
    isolates=False,
)
"""The limits are those of Milvus: what one store takes, the other does as well."""
