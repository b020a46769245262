"""The arguments of the tools: their types, limits and descriptions. One that is not known is refused."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

__all__ = [
    "Arguments", "ForgetArguments", "GetArguments", "IngestArguments", "SearchArguments", "StatusArguments",
    "described",
]  # fmt: skip

MIN_TOKENS, MAX_TOKENS = 200, 50_000
MAX_OFFSET = 1_000
_MAX_TEXT, _MAX_NAMES = 10_000, 100

Text = Annotated[str, Field(min_length=1, max_length=_MAX_TEXT)]
Names = Annotated[list[Text], Field(min_length=1, max_length=_MAX_NAMES)]
Tokens = Annotated[int, Field(ge=MIN_TOKENS, le=MAX_TOKENS)]


class Arguments(BaseModel):
    """What a tool is called with."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class SearchArguments(Arguments):
    """Of `search`."""

    question: Text = Field(description='A question or keywords. "Words in quotes" must occur, and a -word must not.')
    limit: int = Field(5, ge=1, le=50, description="How many passages to return at most.")
    offset: int = Field(0, ge=0, le=MAX_OFFSET, description="How many of the best passages to leave out, to page on.")
    max_tokens: Tokens = Field(2_000, description="The length of the result, in tokens of the library's model.")
    mode: Literal["hybrid", "semantic", "keyword"] = Field(
        "hybrid", description="Rank passages by meaning (semantic), by words (keyword), or by both."
    )
    within: list[Text] = Field(
        default=[], max_length=_MAX_NAMES, description="Only documents at these paths, in these folders, or that match."
    )
    types: list[Text] = Field(default=[], max_length=_MAX_NAMES, description="Only documents of these types: pdf, md.")
    since: Text | None = Field(None, description="Only documents whose file was modified on that day or later.")
    where: Text | None = Field(None, description="Only documents whose metadata meet a condition: year >= 2024.")


class GetArguments(Arguments):
    """Of `get`."""

    name: Text = Field(description="A document's number, URI or path, or a citation (URI#line) to read on from there.")
    start: int | None = Field(None, ge=0, description="The first character to return; by default the cited line, or 0.")
    end: int | None = Field(None, ge=0, description="The character to stop before; by default the end of the document.")
    max_tokens: Tokens = Field(4_000, description="The length of the result, in tokens of the library's model.")


class StatusArguments(Arguments):
    """Of `status`: none."""


class IngestArguments(Arguments):
    """Of `ingest`."""

    paths: Names = Field(description="Absolute paths of files or folders below the folders that this server allows.")


class ForgetArguments(Arguments):
    """Of `forget`."""

    names: Names = Field(description="Documents by their numbers, URIs or paths.")


def described(error: ValidationError) -> str:
    """Return in one line what is wrong with the arguments of a call."""
    problems = (f"{'.'.join(map(str, one['loc'])) or 'arguments'}: {_reason(one['type'], one['msg'])}"
                for one in error.errors(include_url=False, include_input=False))  # fmt: skip
    return "; ".join(problems)


def _reason(kind: str, message: str) -> str:
    return "there is no such argument" if kind == "extra_forbidden" else message[0].lower() + message[1:]
