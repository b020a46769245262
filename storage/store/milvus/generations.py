"""The generations of a library in Milvus: a collection each, and an alias that leads to the active one."""

from __future__ import annotations

import time
from dataclasses import asdict
from math import inf
from typing import Any

from wherein.errors import WhereinError
from wherein.storage.catalog.models import now
from wherein.storage.store.checks import check_index
from wherein.storage.store.document import Record
from wherein.storage.store.milvus.catalog import MilvusCatalog
from wherein.storage.store.milvus.client import CALL_SECONDS, Connection
from wherein.storage.store.milvus.schema import create_passages
from wherein.storage.store.store import Capabilities, Generation, Model

__all__ = ["MilvusGenerations", "entries_kind"]

_KIND = "generation"
_TRUSTED_SECONDS = 1.0
"""For so long an answer may come from a generation after another was published."""
_NONE = "There is no library at {}; create one with: wherein --library {} ingest FOLDER"


def entries_kind(generation: Generation) -> str:
    """Return the kind of the records that list the documents of a generation."""
    return f"document of {generation.name}"


class MilvusGenerations:
    """The part of `MilvusStore` that manages generations."""

    _connection: Connection
    _catalog: MilvusCatalog
    _active: Generation | None = None
    _looked_up: tuple[float, str] = (-inf, "")

    def capabilities(self) -> Capabilities:
        """Return what this Milvus can do."""
        raise NotImplementedError

    def generations(self) -> list[Generation]:
        """Return the generations, the oldest first."""
        active = self._aliased()
        found = [_generation(record, active) for record in self._catalog.each(_KIND)]
        return sorted(found, key=lambda one: _number(one.name))

    def begin_generation(self, model: Model, index: str = "auto") -> Generation:
        """Create the collection of a generation; the first one is active at once."""
        check_index(index, self.capabilities())
        known = self.generations()
        number = _number(known[-1].name) + 1 if known else 1
        name = f"{self._library}_g{number}"
        created = now()
        self._connection.call(lambda client: _create(client, name, model.width, index))
        # After the collection: a crash in between leaves a collection that the next attempt creates again.
        value = {"model": asdict(model), "index": index, "created_at": created}
        self._catalog.put([Record(_KIND, name, value)])
        generation = Generation(name, model, index, not known, created)
        if not known:
            self._connection.call(lambda client: client.create_alias(name, self._library, timeout=CALL_SECONDS))
            self._active = generation
        return generation

    def publish_generation(self, generation: Generation) -> None:
        """Let the alias lead to a generation."""
        self._connection.call(lambda client: client.alter_alias(generation.name, self._library, timeout=CALL_SECONDS))
        self._active, self._looked_up = None, (-inf, "")

    def drop_generation(self, generation: Generation) -> None:
        """Delete the collection of a generation, and the list of its documents."""
        if generation.name == self._aliased():
            raise WhereinError("The active generation cannot be dropped; publish another one first")
        names = [record.name for record in self._catalog.each(entries_kind(generation))]
        self._catalog.delete(entries_kind(generation), names)
        self._connection.call(lambda client: client.drop_collection(generation.name, timeout=CALL_SECONDS))
        self._catalog.delete(_KIND, [generation.name])

    @property
    def _library(self) -> str:
        return self._connection.address.name

    def _aliased(self) -> str:
        """Return the collection that the alias leads to, "" where there is none."""

        def find(client: Any) -> str:
            # The alias of a collection counts as one.
            if not client.has_collection(self._library, timeout=CALL_SECONDS):
                return ""
            return str(client.describe_alias(self._library, timeout=CALL_SECONDS)["collection_name"])

        return "" if self._connection.address.is_absent else self._connection.call(find)

    def _active_generation(self) -> Generation:
        """Return the active generation. Raises WhereinError when there is none."""
        at, name = self._looked_up
        if time.monotonic() - at > _TRUSTED_SECONDS or not name:
            name = self._aliased()
            self._looked_up = time.monotonic(), name
        if self._active is None or self._active.name != name:
            found = [_generation(Record(_KIND, name, value), name) for value in self._found(name)]
            if not found:
                shown = self._connection.address.shown
                raise WhereinError(_NONE.format(shown, shown))
            (self._active,) = found
            self._connection.load(name)
        return self._active

    def _found(self, name: str) -> list[Any]:
        return list(self._catalog.find(_KIND, [name]).values()) if name else []


def _create(client: Any, name: str, width: int, index: str) -> None:
    if client.has_collection(name, timeout=CALL_SECONDS):  # left by an attempt that did not finish
        client.drop_collection(name, timeout=CALL_SECONDS)
    create_passages(client, name, width, index)


def _generation(record: Record, active: str) -> Generation:
    value = record.value
    return Generation(record.name, Model(**value["model"]), value["index"], record.name == active, value["created_at"])


def _number(name: str) -> int:
    return int(name.rpartition("_g")[2])
