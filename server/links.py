"""Links of the HTTP API: which operation an answer leads to, and with what from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["TO_TASK", "Link"]


@dataclass(frozen=True)
class Link:
    """The operation called `to`, whose parameters are values of the answer: `given` has a JSON pointer for each."""

    to: str
    what: str
    given: Mapping[str, str] = field(default_factory=dict)

    @property
    def described(self) -> dict[str, Any]:
        """The link as OpenAPI's Link Object."""
        parameters = {name: f"$response.body#{pointer}" for name, pointer in self.given.items()}
        return {"operationId": self.to, "description": self.what, **({"parameters": parameters} if parameters else {})}


TO_TASK = Link("get_task", "The task that makes the change", {"id": "/id"})
