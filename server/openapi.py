"""The description of the API, OpenAPI 3.1, made from its operations and their types."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from http import HTTPStatus
from importlib.metadata import version
from typing import Any

import msgspec

from wherein.server.errors import PROBLEM_TYPE, Problem
from wherein.server.operations import JSON, Operation

__all__ = ["document"]

_REFERENCE = "#/components/schemas/{name}"
# Of every operation: the token, the origin, what is asked for, the name of the server, and its own failure.
_ALWAYS = (400, 401, 403, 408, 413, 421, 422, 500)
_BINARY = {"type": "string", "format": "binary"}
_FORM = {"type": "object", "properties": {"file": _BINARY}, "required": ["file"], "additionalProperties": False}

Schema = Mapping[str, Any]


def document(operations: Sequence[Operation[Any]]) -> dict[str, Any]:
    """Return the description of operations."""
    models = _models(operations)
    schemas, components = msgspec.json.schema_components(models, schema_hook=_any, ref_template=_REFERENCE)
    by_model = dict(zip(models, schemas, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for operation in operations:
        paths.setdefault(operation.path, {})[operation.method.lower()] = _described(operation, by_model, components)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Wherein", "version": version("wherein"), "description": "Semantic search in a library."},
        "paths": paths,
        "components": {
            "schemas": {name: _tidy(schema) for name, schema in components.items()},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{}, {"token": []}],
    }


def _models(operations: Sequence[Operation[Any]]) -> list[Any]:
    """Return every type that occurs, once."""
    found = dict.fromkeys([Problem])
    for operation in operations:
        found |= dict.fromkeys([operation.takes])
        found |= dict.fromkeys(answer for answer in operation.answers.values() if not isinstance(answer, tuple))
    return list(found)


def _any(kind: type) -> dict[str, Any]:
    """Return the schema of a type that stands for any value, such as `object`."""
    return {"description": "any value"}


def _described(operation: Operation[Any], models: Mapping[Any, Schema], components: Mapping[str, Any]) -> Schema:
    described: dict[str, Any] = {
        "operationId": operation.name,
        "summary": operation.summary,
        "responses": {
            **{str(status): _success(operation, status, models) for status in operation.answers},
            **{str(status): _answer(status, {PROBLEM_TYPE: models[Problem]}) for status in _problems(operation)},
        },
    }
    if operation.has_body:
        described["requestBody"] = {"required": True, "content": {JSON: {"schema": models[operation.takes]}}}
        return described
    takes = components[operation.takes.__name__]
    in_path = set(re.findall(r"{(\w+)}", operation.path))
    described["parameters"] = [
        {
            "name": name,
            "in": "path" if name in in_path else "query",
            "required": name in takes.get("required", ()),
            "schema": schema,
        }
        for name, schema in takes["properties"].items()
    ]
    if operation.uploads:
        described["requestBody"] = {"required": True, "content": {kind: _upload(kind) for kind in operation.uploads}}
    return described


def _problems(operation: Operation[Any]) -> list[int]:
    return sorted({*_ALWAYS, *operation.problems})


def _success(operation: Operation[Any], status: int, models: Mapping[Any, Schema]) -> Schema:
    answer = operation.answers[status]
    kinds = dict.fromkeys(answer, _BINARY) if isinstance(answer, tuple) else {JSON: models[answer]}
    links = {link.to: link.described for link in operation.links}
    return {**_answer(status, kinds), **({"links": links} if links else {})}


def _answer(status: int, kinds: Mapping[str, Schema]) -> Schema:
    content = {kind: {"schema": schema} for kind, schema in kinds.items()}
    return {"description": HTTPStatus(status).phrase, "content": content}


def _upload(kind: str) -> Schema:
    return {"schema": _FORM if kind.startswith("multipart/") else _BINARY}


def _tidy(schema: dict[str, Any]) -> dict[str, Any]:
    """Return a schema whose description has one line for each paragraph."""
    text = schema.get("description")
    return {**schema, "description": "\n\n".join(map(_line, text.split("\n\n")))} if text else schema


@cache
def _line(paragraph: str) -> str:
    return " ".join(paragraph.split())
