"""The store in Milvus."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from wherein.errors import WhereinError
from wherein.storage.catalog.coverage import prevailing
from wherein.storage.catalog.vectors import Matrix
from wherein.storage.disk.batched import batched
from wherein.storage.index.postings import Family
from wherein.storage.store.checks import check_search, last_of_each, reason_to_reject
from wherein.storage.store.document import DocumentEntry, EmbeddedDocument, PassageRow, Record, Scored
from wherein.storage.store.filters import Filter, check_filter
from wherein.storage.store.keys import document_key
from wherein.storage.store.milvus.address import MilvusAddress
from wherein.storage.store.milvus.catalog import MAX_VALUE_BYTES, MilvusCatalog, encoded
from wherein.storage.store.milvus.client import CALL_SECONDS, LOAD_SECONDS, PATIENCE, Connection
from wherein.storage.store.milvus.expression import EVERYTHING, any_of, expression, holds_terms, sampled
from wherein.storage.store.milvus.generations import MilvusGenerations, entries_kind
from wherein.storage.store.milvus.limits import limits_of
from wherein.storage.store.milvus.ranges import rows_in_order
from wherein.storage.store.milvus.rows import (
    embedded_document,
    entry_of,
    entry_value,
    messages,
    passage_of,
    passages_to_store,
)
from wherein.storage.store.milvus.schema import MAX_FACTS_BYTES, MAX_TERMS, PASSAGE_FIELDS, search_parameters
from wherein.storage.store.milvus.terms import MilvusTerms, counted_passages
from wherein.storage.store.milvus.words import MilvusWords
from wherein.storage.store.store import Capabilities, CountedPassage, Generation, Stats, TermStatistics, Written

__all__ = ["MilvusStore"]

_AT_ONCE = 500
# Documents that are read together, and their passages: one query returns these (`ranges.py`).
_READ_AT_ONCE, _PASSAGES_AT_ONCE = 200, 400
# Documents whose language is looked at.
_LANGUAGES_OF = 500


class _Reading:
    """The part of `MilvusStore` that returns documents, passages and records."""

    _connection: Connection
    _catalog: MilvusCatalog
    _terms: MilvusTerms

    def _here(self) -> Generation:
        """Return the generation that is read and written."""
        raise NotImplementedError

    def documents(self, uris: Sequence[str] | None = None) -> Iterator[DocumentEntry]:
        """Yield documents; see `ReadableStore`."""
        kind = entries_kind(self._here())
        if uris is None:
            found = [(record.name, record.value) for record in self._catalog.each(kind)]
        else:
            found = list(self._catalog.find(kind, uris).items())
        entries = (entry_of(document_key(uri), uri, value) for uri, value in found)
        yield from sorted(entries, key=lambda entry: entry.key)

    def read(self, uris: Iterable[str]) -> Iterator[EmbeddedDocument]:
        """Yield documents whole; see `ReadableStore`."""
        kind = entries_kind(self._here())
        for listed in batched(uris, _READ_AT_ONCE):
            known = self._catalog.find(kind, listed)
            for batch in _few_passages([uri for uri in listed if uri in known], known):
                yield from self._read({uri: known[uri] for uri in batch})

    def _read(self, known: Mapping[str, Mapping[str, Any]]) -> Iterator[EmbeddedDocument]:
        """Yield the documents of entries."""
        versions = [value["version"] for value in known.values()]
        # Only those of the versions that the list has: others may be about to replace them.
        only = f"({any_of('document', map(document_key, known))}) and ({any_of('version', versions)})"
        passages: dict[str, list[PassageRow]] = {uri: [] for uri in known}
        for row in self._rows(only, vectors=True):
            passages[row.uri].append(row)
        for uri, value in known.items():
            own = sorted((row for row in passages[uri] if row.version == value["version"]), key=lambda one: one.ordinal)
            if len(own) != value["chunks"]:
                raise WhereinError(f"{uri} is being replaced, or a write of it was interrupted; ingest it again")
            yield embedded_document(uri, value, own)

    def get(self, keys: Sequence[str], *, vectors: bool = False) -> list[PassageRow]:
        """Return passages by their keys; see `ReadableStore`."""
        found: dict[str, PassageRow] = {}
        for batch in batched(keys, _AT_ONCE):
            only, fields = any_of("key", batch), _fields(vectors)
            rows = map(passage_of, self._connection.query(self._here().name, only, fields))
            found.update((row.key, row) for row in rows)
        if len(found) < len({*keys}):  # the terms of passages that are gone may be kept
            self._terms.forget()
        return [found[key] for key in keys if key in found]

    def scan(self, only: Filter | None = None, *, vectors: bool = False) -> Iterator[PassageRow]:
        """Yield the passages that pass; see `ReadableStore`."""
        yield from self._rows(_checked(only), vectors=vectors)

    def count(self, only: Filter | None = None) -> int:
        """Return how many passages pass; see `ReadableStore`."""
        return self._connection.count(self._here().name, _checked(only))

    def records(self, kind: str, names: Sequence[str] | None = None) -> Iterator[Record]:
        """Yield records; see `ReadableStore`."""
        if names is None:
            yield from sorted(self._catalog.each(kind), key=lambda record: record.name)
        else:
            for name, value in sorted(self._catalog.find(kind, names).items()):
                yield Record(kind, name, value)

    def _rows(self, only: str, *, vectors: bool) -> Iterator[PassageRow]:
        yield from map(passage_of, rows_in_order(self._connection, self._here().name, only, _fields(vectors)))


class _Searching(_Reading):
    """The part of `MilvusStore` that searches."""

    _words: MilvusWords

    def capabilities(self) -> Capabilities:
        """Return what this Milvus can do."""
        raise NotImplementedError

    def search(self, vector: Matrix, k: int, only: Filter | None = None, *, vectors: bool = False) -> list[Scored]:
        """Return the nearest passages; see `SearchableStore`."""
        here = self._here()
        check_search(vector, k, here.model.width, self.capabilities())
        parameters, test = search_parameters(here.index, k), _checked(only)
        (found,) = self._connection.call(
            lambda client: client.search(
                here.name,
                data=[vector.tolist()],
                limit=k,
                filter=test,
                output_fields=_fields(vectors),
                search_params=parameters,
                anns_field="vector",
                consistency_level=self._connection.level(here.name),
                timeout=CALL_SECONDS,
            )
        )
        scored = [Scored(passage_of(hit["entity"]), float(hit["distance"])) for hit in found]
        return sorted(scored, key=lambda one: (-one.score, one.passage.key))

    def term_statistics(self, terms: Sequence[int], families: Sequence[Family] = ()) -> TermStatistics:
        """Return the numbers that BM25 needs; see `SearchableStore`."""
        return self._terms.of(self._here().name).statistics(terms, families)

    def words(self) -> set[str]:
        """Return the words of the passages; see `SearchableStore`."""
        return self._words.read()

    def main_language(self) -> str:
        """Return the language of most documents; see `SearchableStore`."""
        some = self._catalog.some(entries_kind(self._here()), _LANGUAGES_OF)
        return prevailing(coverage["language"] for one in some if (coverage := one["coverage"]))

    def with_terms(self, terms: Sequence[int], only: Filter | None = None) -> Iterator[CountedPassage]:
        """Yield the passages that hold a term; see `SearchableStore`."""
        name, test = self._here().name, _checked(only)
        kept = self._terms.of(name).holding(terms) if only is None else None
        if kept is None:
            yield from counted_passages(self._connection, name, f"({holds_terms(terms)}) and ({test})")
        else:
            yield from kept

    def sample(self, n: int) -> Matrix:
        """Return vectors that are spread over all; see `SearchableStore`."""
        here = self._here()
        only = sampled(n, self._terms.of(here.name).count)
        vectors = [row["vector"] for row in rows_in_order(self._connection, here.name, only, ["vector"])]
        return np.array(vectors, np.float32).reshape(len(vectors), here.model.width)

    def counted(self, keys: Sequence[str]) -> list[CountedPassage]:
        """Return the counted terms of passages; see `SearchableStore`."""
        found: dict[str, CountedPassage] = {}
        for batch in batched(keys, _AT_ONCE):
            only = any_of("key", batch)
            found.update((one.key, one) for one in counted_passages(self._connection, self._here().name, only))
        return [found[key] for key in keys if key in found]


class _Writing(_Searching):
    """The part of `MilvusStore` that writes."""

    def upsert(self, documents: Sequence[EmbeddedDocument]) -> Written:
        """Store documents; see `WritableStore`.

        First the new passages, then the old ones are deleted, last the list of documents is changed: a run that ends in
        between does all of it again.
        """
        here, rejected, rows = self._here(), dict[str, str](), list[dict[str, Any]]()
        kept = list[EmbeddedDocument]()
        for document in last_of_each(documents):
            own = self._prepared(document, here.model.width)
            if isinstance(own, str):
                rejected[document.uri] = own
            else:
                kept.append(document)
                rows += own
        try:
            for message in messages(rows):
                self._connection.upsert(here.name, message)
            self._words.add(kept)
            self._delete_passages(here.name, kept, but_their_own=True)
        finally:
            self._terms.forget()
        known = self._catalog.find(entries_kind(here), [document.uri for document in kept])
        self._catalog.put([self._entry(here, document, known) for document in kept])
        return Written(len(kept), len(rows), rejected)

    def _prepared(self, document: EmbeddedDocument, width: int) -> list[dict[str, Any]] | str:
        """Return the rows of a document's passages, or why it cannot be stored."""
        if reason := reason_to_reject(document, width, self.capabilities()):
            return reason
        if len(encoded(entry_value(document, ""))) > MAX_VALUE_BYTES:
            return f"what is listed of it has more than {MAX_VALUE_BYTES:,} bytes"
        rows = passages_to_store(document)
        if any(len(row["terms"]) > MAX_TERMS for row in rows):
            return f"one of its passages has more than {MAX_TERMS:,} different words"
        if len(encoded(rows[0]["facts"])) > MAX_FACTS_BYTES:
            return f"its metadata have more than {MAX_FACTS_BYTES:,} bytes"
        return rows

    def _entry(self, here: Generation, document: EmbeddedDocument, known: Mapping[str, Any]) -> Record:
        added_at = known.get(document.uri, {}).get("added_at", "")
        return Record(entries_kind(here), document.uri, entry_value(document, added_at))

    def _delete_passages(self, name: str, documents: Sequence[EmbeddedDocument], *, but_their_own: bool) -> None:
        for batch in batched(documents, _AT_ONCE):
            only = f"({any_of('document', [one.key for one in batch])})"
            if but_their_own:
                only += f" and not ({any_of('version', [one.version for one in batch])})"
            self._delete_rows(name, only)

    def delete(self, uris: Sequence[str]) -> int:
        """Delete documents; see `WritableStore`."""
        here, deleted = self._here(), 0
        for batch in batched(dict.fromkeys(uris), _AT_ONCE):
            known = self._catalog.find(entries_kind(here), batch)
            try:
                self._delete_rows(here.name, any_of("document", map(document_key, batch)))
            finally:
                self._terms.forget()
            # Last: a run that ends before this finds the documents in the list again.
            self._catalog.delete(entries_kind(here), list(known))
            deleted += len(known)
        return deleted

    def _delete_rows(self, name: str, only: str) -> None:
        self._connection.delete(name, [row["key"] for row in rows_in_order(self._connection, name, only, ["key"])])

    def put_records(self, records: Sequence[Record]) -> None:
        """Store records; see `WritableStore`."""
        self._catalog.put(records)

    def delete_records(self, kind: str, names: Sequence[str]) -> None:
        """Delete records; see `WritableStore`."""
        self._catalog.delete(kind, names)

    def checkpoint(self) -> None:
        """Have Milvus write what it has to disk, read everything that was written, and let other processes know."""
        self._words.join()
        names = [self._here().name, *([self._catalog.name] if self._catalog.exists() else [])]
        for name in names:
            self._connection.call(lambda client, name=name: client.flush(name, timeout=LOAD_SECONDS))  # type: ignore[misc]
            self._connection.catch_up(name)
        self._catalog.mark_checkpoint()


class MilvusStore(_Writing, MilvusGenerations):
    """A library in Milvus; see `Store`. For any number of threads; nothing is opened before it is needed."""

    def __init__(self, address: MilvusAddress, patience: float = PATIENCE) -> None:
        self._connection = Connection(address, patience)
        self._catalog = MilvusCatalog(self._connection, f"{address.name}_catalog")
        self._words = MilvusWords(self._catalog)
        self._terms = MilvusTerms(self._connection, self._catalog)
        self._fixed: Generation | None = None

    @property
    def address(self) -> str:
        """The address without a password."""
        return self._connection.address.shown

    @property
    def generation(self) -> Generation:
        """The generation that is read and written. Raises WhereinError when there is none."""
        return self._here()

    @cached_property
    def _limits(self) -> Capabilities:
        return limits_of(self._connection)

    def capabilities(self) -> Capabilities:
        """Return what this Milvus can do, by its version."""
        return self._limits

    def stats(self) -> Stats:
        """Return how much the active generation holds."""
        here, path = self._here(), self._connection.address.path
        passages = self._connection.count(here.name, EVERYTHING)
        size = path.stat().st_size if path is not None and path.is_file() else None
        return Stats(self._catalog.count(entries_kind(here)), passages, passages, size)

    def state(self) -> tuple[str, str]:
        """Return the active generation, "" if none, and the last checkpoint: another pair after each change."""
        return self._aliased(), self._catalog.checkpoint

    def uris_beginning(self, begin: str, limit: int) -> list[str]:
        """Return at most `limit` URIs of documents that begin so, any of them, in their order."""
        return self._catalog.names_beginning(entries_kind(self._here()), begin, limit)

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def at(self, generation: Generation) -> MilvusStore:
        """Return this store with documents read from, and written to, a generation."""
        self._connection.load(generation.name)
        other = copy.copy(self)
        other._fixed = generation
        return other

    def _here(self) -> Generation:
        return self._fixed or self._active_generation()


def _few_passages(uris: Sequence[str], known: Mapping[str, Mapping[str, Any]]) -> Iterator[list[str]]:
    """Yield documents in batches, those of one with few passages together, or one document."""
    batch, passages = list[str](), 0
    for uri in uris:
        if batch and passages + known[uri]["chunks"] > _PASSAGES_AT_ONCE:
            yield batch
            batch, passages = [], 0
        batch.append(uri)
        passages += known[uri]["chunks"]
    if batch:
        yield batch


def _fields(vectors: bool) -> list[str]:
    return [*PASSAGE_FIELDS, "vector"] if vectors else list(PASSAGE_FIELDS)


def _checked(only: Filter | None) -> str:
    """Return the expression of a filter. Raises UsageError for a wrong one."""
    if only is None:
        return EVERYTHING
    check_filter(only)
    return expression(only)
