"""Problems as answers: `application/problem+json` (RFC 9457) with a code, a message and what to do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from http import HTTPStatus

import msgspec
from starlette.responses import Response

from wherein.errors import Damaged, LibraryBusy, ModelMismatch, Stale, UsageError, WhereinError

__all__ = ["PROBLEM_TYPE", "Problem", "ProblemError", "problem_of", "problem_response"]

PROBLEM_TYPE = "application/problem+json"

_HINTS = {
    "busy": "try again when the other process has finished",
    "damaged": "run: wherein verify",
    "model_mismatch": "start the server with the library's model",
    "internal": "the server's log says more",
}


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """Why a request failed: `code` for programs, `message` for people, `hint` what to do; the rest is RFC 9457's."""

    code: str
    message: str
    hint: str
    status: int
    title: str
    detail: str
    type: str = "about:blank"


class ProblemError(Exception):
    """A request that is answered with a problem."""

    def __init__(
        self, status: int, code: str, message: str, hint: str = "", headers: Mapping[str, str] | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.hint = hint
        self.headers = dict(headers or {})

    @property
    def problem(self) -> Problem:
        """The body of the answer."""
        return Problem(
            code=self.code, message=self.message, hint=self.hint, status=self.status,
            title=HTTPStatus(self.status).phrase, detail=self.message,
        )  # fmt: skip


def problem_of(error: WhereinError, say: Callable[[str], str] = str) -> ProblemError:
    """Return how an error of the library is answered; its sentence says what happened and, at its end, what to do.

    `say` words both for a surface.
    """
    status, code = next(found for kind, found in _STATUSES if isinstance(error, kind))
    message, separator, hint = str(error).rpartition("; ")
    if not separator:
        message, hint = str(error), _HINTS.get(code, "")
    return ProblemError(status, code, say(message), say(hint), {"Retry-After": "5"} if code == "busy" else None)


_STATUSES: tuple[tuple[type[WhereinError], tuple[int, str]], ...] = (
    (UsageError, (422, "invalid")),
    (LibraryBusy, (503, "busy")),
    (Damaged, (500, "damaged")),
    (ModelMismatch, (500, "model_mismatch")),
    (Stale, (409, "stale")),
    (WhereinError, (409, "not_possible")),
)


def problem_response(error: ProblemError) -> Response:
    """Return a problem as an answer."""
    return Response(msgspec.json.encode(error.problem), error.status, error.headers, PROBLEM_TYPE)
