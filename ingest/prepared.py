"""A document that was chunked where it was read, with what is derived from its passages."""

from collections.abc import Sequence
from dataclasses import dataclass

from wherein.embed.tokenizer import Tokenizer, Words
from wherein.ingest.chunker import chunk_words
from wherein.ingest.document import Document
from wherein.ingest.language import guess_language
from wherein.ingest.titles import titled
from wherein.storage.catalog.coverage import Coverage
from wherein.storage.catalog.derived import Derived, derive
from wherein.storage.catalog.documents import ChunkRow, model_input, passages_of
from wherein.storage.catalog.titled_texts import TitledText

__all__ = ["Chunked", "PreparedDocument", "chunk_document", "prepare_document"]


@dataclass(frozen=True)
class Chunked:
    """A document's chunks, its words, and each distinct model input by its name, with the words that it spans."""

    words: Words
    inputs: dict[bytes, tuple[TitledText, tuple[int, int]]]
    rows: list[ChunkRow]
    coverage: Coverage


@dataclass(frozen=True, kw_only=True)
class PreparedDocument(Document):
    """A document with its chunks, which were made with `embedded_title`, and what is derived from each of them."""

    embedded_title: str
    chunked: Chunked
    derived: Sequence[Derived]


def chunk_document(document: Document, tokenizer: Tokenizer, title: str) -> Chunked:
    """Cut a document's text into chunks that fit the model; `title` is embedded with each (`embedded_title`)."""
    if isinstance(document, PreparedDocument) and document.embedded_title == title:
        return document.chunked
    inputs, rows = {}, []
    words = tokenizer.words(document.text)
    for span in chunk_words(document.text, document.marks, words, tokenizer.passage_tokens):
        passage = titled(model_input(document.text, span.start, span.end), title)
        name = passage.name
        inputs[name] = passage, span.words
        rows.append(ChunkRow(span.start, span.end, name, span.mark.page, span.mark.heading))
    coverage = Coverage(int(words.before[-1]), words.unknown, guess_language(document.text), document.recognized)
    return Chunked(words, inputs, rows, coverage)


def prepare_document(document: Document, tokenizer: Tokenizer, title: str) -> PreparedDocument:
    """Chunk a document, and derive what is stored with its passages."""
    chunked = chunk_document(document, tokenizer, title)
    derived = derive(passages_of(document.title, document.text, chunked.rows))
    return PreparedDocument(**vars(document), embedded_title=title, chunked=chunked, derived=derived)
