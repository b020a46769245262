"""`POST /v1/query`."""

from __future__ import annotations

from dataclasses import asdict

from msgspec import UNSET
from msgspec.structs import replace
from starlette.responses import Response

from wherein.library import Answer, Filter, Library, ResultOptions, parse_filter
from wherein.search.exact_answer import ExactAnswer, likeliest
from wherein.search.limits import MAX_RERANK_MS
from wherein.server.clamp import Clamp
from wherein.server.links import Link
from wherein.server.log import log
from wherein.server.operations import Call, Operation, encoded
from wherein.server.schemas import AnsweredHit, BestAnswer, QueryAnswer, QueryRequest
from wherein.server.surfaces import API

__all__ = ["MAX_CONTEXT", "MAX_LIMIT", "OPERATIONS", "answer_question"]

MAX_LIMIT = 1_000
"""Passages of one answer."""

MAX_CONTEXT = 50
"""Passages on each side of a hit."""

_MAX_PASSAGES = 5_000
"""Passages of one answer, with those around the hits."""


def answer_question(library: Library, asked: QueryRequest) -> QueryAnswer:
    """Answer a question. Raises WhereinError as `Library.query` does."""
    clamp = Clamp()
    limit = clamp("limit", asked.limit, MAX_LIMIT)
    around = min(MAX_CONTEXT, (_MAX_PASSAGES // limit - 1) // 2)
    milliseconds = clamp("rerank_ms", asked.rerank_ms, MAX_RERANK_MS)
    options = _options(asked, clamp("context", asked.context, around), milliseconds)
    answer = library.query(asked.question, limit, mode=asked.mode, only=_filter(asked), options=options)
    exact = library.answers(answer) if asked.answer else None
    hits = answer.hits if exact is None else list(map(_answered, answer.hits, exact))
    return QueryAnswer(
        question=answer.question,
        truncated=answer.truncated,
        mode=asked.mode,
        notes=(*clamp.notes, *answer.notes),
        corrections=answer.corrections,
        reranked=answer.reranked or UNSET,
        answer=UNSET if exact is None else _best(answer, exact),
        basis=answer.basis if asked.explain else UNSET,
        hits=hits,  # type: ignore[arg-type]  # a plain hit is one without the member `answer`
    )


def _filter(asked: QueryRequest) -> Filter | None:
    if not (asked.in_ or asked.type or asked.since is not None or asked.where is not None):
        return None
    return parse_filter(tuple(asked.in_), tuple(asked.type), asked.since, asked.where)


def _options(asked: QueryRequest, context: int, milliseconds: int) -> ResultOptions:
    return ResultOptions(
        fold=asked.fold,
        context=context,
        sentence=not asked.answer if asked.sentence is None else asked.sentence,
        min_score=asked.min_score,
        require_fresh=asked.require_fresh,
        strict=asked.strict,
        rerank=asked.rerank,
        rerank_ms=milliseconds,
    )


def _answered(hit: object, exact: ExactAnswer | None) -> AnsweredHit:
    return AnsweredHit(**vars(hit), answer=exact)


def _best(answer: Answer, exact: list[ExactAnswer | None]) -> BestAnswer | None:
    best, rank = likeliest(answer.hits, exact)
    return BestAnswer(**asdict(best), rank=rank) if best else None


def _encoded_answer(library: Library, asked: QueryRequest) -> bytes:
    answer = answer_question(library, asked)
    return encoded(replace(answer, notes=list(map(API.say, answer.notes))))


async def _query(call: Call, asked: QueryRequest) -> Response:
    if call.service.settings.log_questions:
        log.info("question %s", ascii(asked.question))
    # Encoded in the thread, too: an answer of a thousand passages would delay the others.
    body = await call.service.runner.run(_encoded_answer, call.service.library, asked)
    return Response(body, media_type="application/json")


OPERATIONS = (
    Operation(
        method="POST", path="/v1/query", name="query", summary="Answer a question with the passages that contain it",
        takes=QueryRequest, has_body=True, handler=_query, answers={200: QueryAnswer}, problems=(409, 429, 503),
        links=(
            Link("get_chunk", "The best passage with its neighbors", {"id": "/hits/0/chunk"}),
            Link("get_document", "The document of the best passage", {"id": "/hits/0/document"}),
            Link("get_original", "The file of the best passage", {"id": "/hits/0/document"}),
        ),
    ),
)  # fmt: skip
