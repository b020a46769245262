"""The interface of a store: what keeps the passages of a library, and searches them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from wherein.storage.catalog.vectors import Matrix
from wherein.storage.index.postings import Family
from wherein.storage.store.document import DocumentEntry, EmbeddedDocument, PassageRow, Record, Scored
from wherein.storage.store.filters import Filter

__all__ = [
    "Capabilities", "CountedPassage", "Generation", "GenerationStore", "IndexKind", "Model", "ReadableStore",
    "SearchableStore", "Stats", "Store", "TermStatistics", "WritableStore", "Written",
]  # fmt: skip

IndexKind = str
"""One of `storage/index/choices.py`, or a kind that `Capabilities.index_kinds` names besides."""


@dataclass(frozen=True)
class Model:
    """The model whose vectors a generation holds; `width` is the number of components of a stored vector.

    The other fields are those of `StoredModel`.
    """

    fingerprint: str
    name: str
    version: str
    precision: str
    width: int


@dataclass(frozen=True)
class Capabilities:
    """What a store can do; what it cannot is refused before it is asked.

    `engine` is a name with a version for people. `index_kinds` are those that `begin_generation` accepts. A search
    returns at most `max_hits`, also counting those that it skips. A text has at most `max_text_bytes` bytes of UTF-8,
    the metadata of a document as JSON `max_metadata_bytes`. `scores_words` is whether the engine itself ranks by words
    (BM25); Wherein counts words alike on every store and does not need it. `is_shared` is whether several processes may
    open the store at once, `isolates` whether what is written to a new generation stays unseen until that is published.
    """

    engine: str
    index_kinds: tuple[IndexKind, ...]
    max_hits: int
    max_text_bytes: int
    max_metadata_bytes: int
    scores_words: bool
    is_shared: bool
    isolates: bool


@dataclass(frozen=True)
class Generation:
    """One set of passages with its index; `name` is the store's own. Questions are answered from the active one."""

    name: str
    model: Model
    index: IndexKind
    is_active: bool
    created_at: str


@dataclass(frozen=True)
class Stats:
    """What a store holds in its active generation; `bytes` is None where the store cannot say."""

    documents: int
    passages: int
    vectors: int
    bytes: int | None = None


@dataclass(frozen=True)
class Written:
    """What an upsert did. `rejected` has the URI of each document that cannot be stored, with the reason."""

    documents: int
    passages: int
    rejected: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class TermStatistics:
    """The number of passages, of terms in all of them, and of passages that hold each term that was asked for.

    `families` has the number of those that hold at least one term of each group.
    """

    passages: int
    length: int
    frequencies: Mapping[int, int]
    families: Mapping[Family, int] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class CountedPassage:
    """A passage with its counted terms: `counts` as `storage/catalog/packed_terms.py` packs them."""

    key: str
    counts: bytes


class ReadableStore(Protocol):
    """The part of a store that returns what it keeps."""

    def documents(self, uris: Sequence[str] | None = None) -> Iterator[DocumentEntry]:
        """Yield these documents, or all of them, in the order of their keys; unknown URIs are left out."""

    def read(self, uris: Iterable[str]) -> Iterator[EmbeddedDocument]:
        """Yield documents whole, with their vectors, in the order of `uris`; unknown ones are left out."""

    def get(self, keys: Sequence[str], *, vectors: bool = False) -> list[PassageRow]:
        """Return passages by their keys, in that order; unknown keys are left out."""

    def scan(self, only: Filter | None = None, *, vectors: bool = False) -> Iterator[PassageRow]:
        """Yield all passages that pass, in the order of their keys."""

    def count(self, only: Filter | None = None) -> int:
        """Return how many passages pass."""

    def records(self, kind: str, names: Sequence[str] | None = None) -> Iterator[Record]:
        """Yield the records of a kind, all or those with these names, in the order of their names."""


class WritableStore(Protocol):
    """The part of a store that keeps what it is given."""

    def upsert(self, documents: Sequence[EmbeddedDocument]) -> Written:
        """Store documents, each in place of its earlier version; of two with one URI the last counts.

        A document that cannot be stored is rejected, and its earlier version stays; the others are stored. Until the
        end a reader may find passages of both versions, never none. Writing a document again changes nothing.
        """

    def delete(self, uris: Sequence[str]) -> int:
        """Delete documents with all their passages; return how many there were. Unknown URIs are ignored."""

    def put_records(self, records: Sequence[Record]) -> None:
        """Store records, each in place of that of the same kind and name."""

    def delete_records(self, kind: str, names: Sequence[str]) -> None:
        """Delete records of a kind by their names. Unknown names are ignored."""

    def checkpoint(self) -> None:
        """Return when everything that was written is durable, and visible to every reader."""


class SearchableStore(Protocol):
    """The part of a store that finds passages."""

    def search(self, vector: Matrix, k: int, only: Filter | None = None, *, vectors: bool = False) -> list[Scored]:
        """Return the `k` passages that pass with the highest inner product with `vector` `[width]`, best first.

        Raises UsageError for a vector that is not finite or of another width, and for a `k` that is not within
        `Capabilities.max_hits`.
        """

    def term_statistics(self, terms: Sequence[int], families: Sequence[Family] = ()) -> TermStatistics:
        """Return what BM25 needs to know of all passages; `terms` as `storage/catalog/terms.py` makes them.

        Each of `families` is a group of terms that count as one word.
        """

    def words(self) -> set[str]:
        """Return the words that the passages spell out (`storage/catalog/words.py`), some of which may be gone."""

    def main_language(self) -> str:
        """Return the language that most documents are in, "" if there is none; see `storage/catalog/coverage.py`.

        Not all documents are looked at.
        """

    def with_terms(self, terms: Sequence[int], only: Filter | None = None) -> Iterator[CountedPassage]:
        """Yield each passage that passes and holds one of the terms, once, in no order.

        Search by words is built on this, the same for every store: `search/stored/words.py`.
        """

    def sample(self, n: int) -> Matrix:
        """Return the vectors of about `n` passages `[m, width]`, evenly spread over all; the same ones each time."""

    def counted(self, keys: Sequence[str]) -> list[CountedPassage]:
        """Return the counted terms of passages by their keys, in that order; unknown keys are left out."""


class GenerationStore(Protocol):
    """The part of a store that replaces one set of passages by another."""

    def generations(self) -> list[Generation]:
        """Return the generations, the oldest first."""

    def begin_generation(self, model: Model, index: IndexKind = "auto") -> Generation:
        """Return a new generation that no question is answered from yet; the first one is active at once.

        It is empty, unless the store does not isolate generations. Raises UsageError for an index that the store does
        not have.
        """

    def publish_generation(self, generation: Generation) -> None:
        """Answer from this generation from now on, in one step; the one before is kept until it is dropped."""

    def drop_generation(self, generation: Generation) -> None:
        """Delete a generation that is not active. Raises WhereinError for the active one."""


class Store(ReadableStore, WritableStore, SearchableStore, GenerationStore, Protocol):
    """Keeps the passages of a library in generations, and searches the active one.

    Every method raises WhereinError, with a sentence for the user, when the store cannot be reached or refuses; a call
    that was only interrupted is tried again first. A write is visible to every later call on any connection once
    `checkpoint` has returned. One process writes at a time to a generation's documents of one URI; different documents
    may be written at once.

    Every generation has documents of its own. A store reads and writes the active one; `at` gives another one.
    """

    @property
    def address(self) -> str:
        """What the user wrote: a folder, `milvus:FILE.db` or `milvus://HOST:PORT/NAME`, without a password."""

    @property
    def generation(self) -> Generation:
        """The generation that is read and written: the active one, unless `at` gave another.

        Raises WhereinError when there is none.
        """

    def capabilities(self) -> Capabilities:
        """Return what the store can do."""

    def stats(self) -> Stats:
        """Return how much the active generation holds."""

    def close(self) -> None:
        """Release what is open; a second call does nothing."""

    def at(self, generation: Generation) -> Store:
        """Return the same store with everything but records and generations read from, and written to, this one."""
