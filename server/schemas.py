"""The typed models of requests and answers that are not the library's own dataclasses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from wherein.ingest.progress.events import Note, Progress, RunProblem, Summary
from wherein.library import Correction, Hit, Provenance, StoredDocument
from wherein.search.exact_answer import ExactAnswer
from wherein.search.limits import RERANK_MS
from wherein.search.reranking import Reranked
from wherein.server.errors import Problem

__all__ = [
    "AnsweredHit", "BestAnswer", "ById", "DocumentPage", "DocumentText", "EmbeddedText", "EmbeddingsAnswer",
    "EmbeddingsRequest", "EmbeddingsUsage", "FileProblem", "FollowedSource", "Health", "OriginalRequest",
    "PageRequest", "PassageRequest", "PassageView", "ProblemPage", "ProblemsRequest", "QueryAnswer", "QueryRequest",
    "ReindexRequest", "RemoveRequest", "SourceList", "SourcesRequest", "Span", "StoredPassage", "Task", "TaskList",
    "TaskRequest", "TextRequest", "UploadRequest",
]  # fmt: skip

Number = Annotated[int, Meta(ge=1, le=2**63 - 1)]
"""The id of a document or a chunk."""

Count = Annotated[int, Meta(ge=0, le=2**63 - 1)]
Limit = Annotated[int, Meta(ge=1, le=2**63 - 1)]
Text = Annotated[str, Meta(min_length=1)]
Name = Annotated[str, Meta(min_length=1, max_length=4_096)]
Seconds = Annotated[float, Meta(ge=0, le=60)]


class _Request(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is sent to the server: a member that it does not know is refused."""


class ById(_Request, frozen=True):
    """The id of a document."""

    id: Number


# Questions.


class QueryRequest(_Request, frozen=True, rename={"in_": "in"}):
    """A question, with the options of `wherein query`. Values above the server's limits are reduced, with a note.

    `limit` is the number of passages. `in`, `type`, `since` and `where` are filters. `context` is the number of
    passages before and after each; `sentence` marks the sentence that answers best, by default unless `answer` asks
    the answer model for the exact words. Without `fold`, near-duplicates are listed one by one. With `rerank` the best
    20 passages are read again, for at most `rerank_ms` milliseconds.
    """

    question: Text
    limit: Limit = 5
    mode: Literal["hybrid", "semantic", "keyword"] = "hybrid"
    in_: Sequence[Text] = ()
    type: Sequence[str] = ()
    since: str | None = None
    where: str | None = None
    context: Count = 0
    sentence: bool | None = None
    fold: bool = True
    min_score: float | None = None
    require_fresh: bool = False
    strict: bool = False
    rerank: bool = False
    rerank_ms: Annotated[int, Meta(ge=1)] = RERANK_MS
    answer: bool = False
    explain: bool = False


@dataclass(frozen=True, kw_only=True)
class AnsweredHit(Hit):
    """A hit; `answer` are the words that answer the question best, where these were asked for."""

    answer: ExactAnswer | UnsetType | None = UNSET


class BestAnswer(Struct, frozen=True):
    """The exact answer with the highest score; `rank` is that of its hit."""

    text: str
    start: int
    end: int
    score: float
    rank: int


class QueryAnswer(Struct, frozen=True, kw_only=True):
    """The hits for a question, best first, as `wherein query --json` prints them.

    `truncated` is the part of the question that no part of the search used, `notes` are sentences for the user.
    `corrections` are the words that the library does not have, and what was searched in their place. `answer` is there
    when it was asked for, `reranked` when passages were read again, `basis` with `explain`.
    """

    question: str
    truncated: str
    mode: str
    notes: Sequence[str]
    corrections: Sequence[Correction]
    answer: BestAnswer | UnsetType | None = UNSET
    reranked: Reranked | UnsetType = UNSET
    basis: Provenance | UnsetType | None = UNSET
    hits: Sequence[AnsweredHit]


# Documents and passages.


class PageRequest(_Request, frozen=True):
    """A page of a listing: at most `limit` entries that follow the one called `after`."""

    limit: Limit = 100
    after: str = ""


class DocumentPage(Struct, frozen=True, kw_only=True):
    """Documents in the order of their URIs; `next` is what to send as `after` for the next page, null on the last."""

    documents: Sequence[StoredDocument]
    next: str | None
    notes: Sequence[str] = ()


class TextRequest(ById, frozen=True):
    """A document and the part of its text, in characters, that is wanted."""

    start: Count = 0
    length: Count = 100_000


class Span(Struct, frozen=True, kw_only=True):
    """A chunk of a document: characters `start` to `end` of its text; `page` counts from 1."""

    start: int
    end: int
    page: int | None
    heading: Sequence[str]


class DocumentText(Struct, frozen=True, kw_only=True):
    """A document with characters `start` to `end` of its text, and the chunks that lie in these."""

    document: StoredDocument
    text: str
    start: int
    end: int
    chunks: Sequence[Span]
    notes: Sequence[str] = ()


class OriginalRequest(ById, frozen=True):
    """A document whose file is wanted; with `inline` a PDF is shown and not downloaded."""

    inline: bool = False


class PassageRequest(_Request, frozen=True):
    """A chunk, with `context` passages before and after it."""

    id: Number
    context: Count = 1


class StoredPassage(Struct, frozen=True, kw_only=True):
    """A passage: characters `start` to `end` of its document, on `line` and `page`, which count from 1."""

    chunk: int
    document: int
    uri: str
    title: str
    media_type: str
    start: int
    end: int
    line: int
    page: int | None
    heading: Sequence[str]
    text: str


class PassageView(Struct, frozen=True, kw_only=True):
    """A passage and its neighbors, in the order of the document."""

    passage: StoredPassage
    before: Sequence[StoredPassage]
    after: Sequence[StoredPassage]
    notes: Sequence[str] = ()


class ProblemsRequest(_Request, frozen=True):
    """At most `limit` problems."""

    limit: Limit = 100


class FileProblem(Struct, frozen=True, kw_only=True):
    """A file that was skipped or failed, or was read only in part, and why."""

    uri: str
    state: str
    reason: str


class ProblemPage(Struct, frozen=True, kw_only=True):
    """Files that were not read, or only in part; `more` is how many are not listed."""

    problems: Sequence[FileProblem]
    more: int
    notes: Sequence[str] = ()


class FollowedSource(Struct, frozen=True, kw_only=True):
    """What a reindex walks: a file, folder or pattern (`kind` path), a web page (web) or an uploaded text (stdin)."""

    id: int
    uri: str
    kind: str
    exclude: Sequence[str]
    added_at: str


class SourceList(Struct, frozen=True, kw_only=True):
    """The sources of the library, the oldest first."""

    sources: Sequence[FollowedSource]


# Changes.


class _Reading(_Request, frozen=True):
    """How files are read: the fields of records, and the encoding and the languages where these must be given."""

    text_field: str = ""
    id_field: str = ""
    title_field: str = ""
    encoding: str = ""
    ocr_languages: str = ""


class UploadRequest(_Reading, frozen=True):
    """The name of an uploaded file, which the parts of a form give themselves."""

    name: Annotated[str, Meta(max_length=4_096)] = ""


class SourcesRequest(_Reading, frozen=True, kw_only=True):
    """Files, folders and patterns below the server's roots, and public web pages, that are to be followed."""

    sources: Annotated[Sequence[Name], Meta(min_length=1, max_length=100)]
    exclude: Annotated[Sequence[Text], Meta(max_length=1_000)] = ()
    max_size: Annotated[int, Meta(ge=1, le=2**63 - 1)] | None = None


class RemoveRequest(ById, frozen=True):
    """A document that is to be removed; with `purge` so that no byte of it is left."""

    purge: bool = False


class ReindexRequest(_Request, frozen=True):
    """The options of `wherein reindex` that a client may choose."""

    index: Literal["auto", "exact", "ivf", "hnsw"] | None = None
    accept_removals: bool = False
    margin: Annotated[float, Meta(ge=0, le=100)] | None = None


class TaskRequest(_Request, frozen=True):
    """A task; the answer comes when it has ended, or after `wait` seconds."""

    id: Annotated[str, Meta(min_length=1, max_length=64)]
    wait: Seconds = 0


class Task(Struct, frozen=True, kw_only=True):
    """A change of the library, which is made after those before it.

    `kind` is upload, sources, remove or reindex; `names` are what it is about. `state` is queued, running, done,
    failed or stopped. `problems` are files that could not be ingested, `more_problems` how many are not listed.
    """

    id: str
    kind: str
    names: Sequence[str]
    state: str
    created_at: str
    began_at: str | None = None
    ended_at: str | None = None
    progress: Progress | None = None
    stage: str = ""
    problems: Sequence[RunProblem] = ()
    more_problems: int = 0
    notes: Sequence[Note] = ()
    summary: Summary | None = None
    error: Problem | None = None

    @property
    def has_ended(self) -> bool:
        """Whether nothing more will change."""
        return self.state in ("done", "failed", "stopped")


class TaskList(Struct, frozen=True, kw_only=True):
    """The tasks that the server remembers, the newest first."""

    tasks: Sequence[Task]


# Embeddings, as OpenAI's API has them.


class EmbeddingsRequest(_Request, frozen=True):
    """Texts to embed. `model` is the library's, or empty; `input_type` is what they are: documents or questions."""

    input: str | Annotated[Sequence[str], Meta(min_length=1, max_length=256)]
    model: str = ""
    encoding_format: Literal["float", "base64"] = "float"
    dimensions: Annotated[int, Meta(ge=1, le=2**31)] | None = None
    input_type: Literal["document", "query"] = "document"
    user: str = ""


class EmbeddedText(Struct, frozen=True, kw_only=True):
    """The vector of the text at `index`: numbers, or in base64 little-endian float32."""

    object: Literal["embedding"] = "embedding"
    index: int
    embedding: Sequence[float] | str


class EmbeddingsUsage(Struct, frozen=True, kw_only=True):
    """The number of tokens that were embedded."""

    prompt_tokens: int
    total_tokens: int


class EmbeddingsAnswer(Struct, frozen=True, kw_only=True):
    """The vectors, in the order of the texts; `truncated` are the indexes of texts whose end may not have been read."""

    object: Literal["list"] = "list"
    data: Sequence[EmbeddedText]
    model: str
    usage: EmbeddingsUsage
    truncated: Sequence[int] = ()


# Probes.


class Health(Struct, frozen=True, kw_only=True):
    """Whether the server is alive, or ready to answer."""

    status: str
