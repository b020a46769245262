"""What is embedded for a passage: its text, and with it the title of its document where that counts.

Which title counts is decided in `ingest/titles.py`. What is stored may be of either kind: passages of earlier versions
were embedded without a title.
"""

from typing import NamedTuple

from wherein.errors import Damaged
from wherein.storage.catalog.checksums import content_hash, is_named
from wherein.storage.catalog.protocol import Catalog

__all__ = ["TitledText", "checked_input", "chunk_text", "first_input", "stored_input"]


class TitledText(NamedTuple):
    """The model input of a passage: its text without surrounding white space, and its document's title or ""."""

    text: str
    title: str = ""

    @property
    def name(self) -> bytes:
        """The content hash of the text; with a title, that of title, NUL and text."""
        return content_hash(self._hashed)

    def is_named(self, name: object) -> bool:
        """Whether `name` is its name. False for texts that cannot be stored."""
        return is_named(self._hashed, name)

    @property
    def _hashed(self) -> str:
        # No text has a NUL character: no two model inputs have the same name.
        return f"{self.title}\0{self.text}" if self.title else self.text


def stored_input(title: str, text: object, name: object) -> TitledText | None:
    """Return the model input that `name` names: a passage's text with or without its document's title.

    None when it names neither, because one of them is not what was stored.
    """
    # A flipped bit can turn a text into a blob, which has the same hash; it is None when the document's row is lost.
    if not isinstance(text, str):
        return None
    passage = text.strip()
    return next((found for found in (TitledText(passage), TitledText(passage, title)) if found.is_named(name)), None)


def chunk_text(uri: str, title: str, text: object, input_hash: bytes) -> str:
    """Return a chunk's text after checking that it is what was embedded. Raises Damaged otherwise."""
    checked_input(uri, title, text, input_hash)
    return str(text)


def checked_input(uri: str, title: str, text: object, input_hash: bytes) -> TitledText:
    """Return the model input of a chunk's text. Raises Damaged when title or text is not what was embedded."""
    if (embedded := stored_input(title, text, input_hash)) is None:
        raise Damaged(f"A stored passage of {uri} is damaged; run: wherein verify")
    return embedded


def first_input(db: Catalog, uri: str) -> tuple[int, int, bytes] | None:
    """Return start, end and name of the model input of a document's first passage; None if it has none."""
    row = db.execute(
        'SELECT c.start, c."end", c.input_hash FROM documents d JOIN chunks c ON c.document_id = d.id'
        " WHERE d.uri = ? AND c.ordinal = 0",
        [uri],
    ).fetchone()
    return tuple(row) if row else None
