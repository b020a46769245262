"""`POST /v1/embeddings`, as OpenAI's API has it."""

from __future__ import annotations

from base64 import b64encode

import numpy as np
from starlette.responses import Response

from wherein.library import Library
from wherein.server.errors import ProblemError
from wherein.server.operations import Call, Operation, encoded
from wherein.server.schemas import EmbeddedText, EmbeddingsAnswer, EmbeddingsRequest, EmbeddingsUsage

__all__ = ["OPERATIONS"]


def _embeddings(library: Library, asked: EmbeddingsRequest) -> bytes:
    model = library.status().model
    if asked.model not in ("", model) and model:
        raise ProblemError(404, "no_such_model", "This library has another model", f"send {model}, or leave it out")
    texts = [asked.input] if isinstance(asked.input, str) else list(asked.input)
    embedded = library.embed(texts, as_questions=asked.input_type == "query")
    dimension = embedded.vectors.shape[1]
    if asked.dimensions not in (None, dimension):
        raise ProblemError(422, "invalid", f"The model's vectors have {dimension} dimensions", "leave out `dimensions`")
    data = [
        EmbeddedText(
            index=index, embedding=_as_base64(vector) if asked.encoding_format == "base64" else vector.tolist()
        )
        for index, vector in enumerate(embedded.vectors)
    ]
    usage = EmbeddingsUsage(prompt_tokens=embedded.tokens, total_tokens=embedded.tokens)
    return encoded(EmbeddingsAnswer(data=data, model=embedded.model, usage=usage, truncated=embedded.truncated))


def _as_base64(vector: np.ndarray[tuple[int], np.dtype[np.float32]]) -> str:
    return b64encode(vector.astype("<f4").tobytes()).decode()


async def _embed(call: Call, asked: EmbeddingsRequest) -> Response:
    body = await call.service.runner.run(_embeddings, call.service.library, asked)
    return Response(body, media_type="application/json")


OPERATIONS = (
    Operation(
        method="POST", path="/v1/embeddings", name="create_embeddings",
        summary="Return the vectors of texts, by the library's model",
        takes=EmbeddingsRequest, has_body=True, handler=_embed, answers={200: EmbeddingsAnswer},
        problems=(404, 409, 429, 503),
    ),
)  # fmt: skip
