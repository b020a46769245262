"""What a shell completes: the values of options and arguments, looked up only when a shell asks.

A completion never fails aloud: where a library cannot be read, nothing is offered.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    import click
    from click.shell_completion import CompletionItem

__all__ = [
    "COMPLETION_VARIABLE",
    "complete_devices",
    "complete_documents",
    "complete_fetchable_models",
    "complete_files",
    "complete_known_models",
    "complete_models",
    "complete_modes_and_models",
    "complete_sources",
    "complete_types",
]

COMPLETION_VARIABLE = "_WHEREIN_COMPLETE"
"""It is set when a shell asks what it may complete, to what click calls the shell and the question."""

_MAX_OFFERED = 200
_UNSAFE = re.compile(r"[^\w@%+=,./~-]")


def complete_files(_: click.Context, __: click.Parameter, begun: str) -> list[CompletionItem[str]]:
    """Let the shell complete names of files and folders."""
    return _left_to_the_shell(begun, "file")


def complete_devices(_: click.Context, __: click.Parameter, begun: str) -> list[str]:
    """Offer the devices of OpenVINO."""
    return _beginning(begun.upper(), ("CPU", "GPU", "NPU", "AUTO"))


def complete_types(_: click.Context, __: click.Parameter, begun: str) -> list[str]:
    """Offer the types of documents."""
    from wherein.search.filters.parse import MEDIA_TYPES

    return _beginning(begun, sorted(MEDIA_TYPES))


def complete_models(_: click.Context, __: click.Parameter, begun: str) -> list[CompletionItem[str]] | list[str]:
    """Offer the installed models that embed, and folders where a path was begun."""
    from wherein.embed.models.installed import EMBEDDING, is_model_path, model_kind

    if is_model_path(begun):
        return _left_to_the_shell(begun, "dir")
    others = [folder.name for folder in _installed() if model_kind(folder) == EMBEDDING]
    return _beginning(begun, [*_shipped(), *others])


def complete_known_models(_: click.Context, __: click.Parameter, begun: str) -> list[str]:
    """Offer the installed models, whatever their kind, and those that can be fetched."""
    return _beginning(begun, [*_shipped(), *(folder.name for folder in _installed()), *_fetchable()])


def complete_fetchable_models(_: click.Context, __: click.Parameter, begun: str) -> list[str]:
    """Offer the models that can be fetched."""
    from wherein.embed.models.zoo import HUB

    return _beginning(begun, [*_fetchable(), HUB])


def complete_modes_and_models(context: click.Context, parameter: click.Parameter, begun: str) -> list[Any]:
    """Offer the modes of search, and what `complete_models` offers."""
    from wherein.search.modes import MODES

    return [*_beginning(begun, MODES), *complete_models(context, parameter, begun)]


def complete_documents(context: click.Context, _: click.Parameter, begun: str) -> list[str]:
    """Offer the documents that are files, as paths like the one that was begun."""
    with suppress(Exception), _listed(context) as listed:
        return _items(_documents(listed, begun))
    return []


def complete_sources(context: click.Context, _: click.Parameter, begun: str) -> list[str]:
    """Offer the sources."""
    with suppress(Exception), _listed(context) as listed:
        return _beginning(begun, listed.sources())
    return []


def _shipped() -> list[str]:
    from wherein.embed.models.installed import default_model_name

    return ["default", default_model_name()]


def _installed() -> list[Path]:
    from wherein.embed.models.installed import installed_folders, models_folder

    return list(installed_folders(models_folder()))[1:]  # the first is the shipped one


def _fetchable() -> list[str]:
    from wherein.embed.models.zoo import MULTILINGUAL, ZOO

    return sorted([*ZOO, MULTILINGUAL])


@dataclass(frozen=True)
class _Listed:
    """How to list a library: `documents` returns URIs by a prefix, up to a limit; `sources` those of all sources."""

    documents: Callable[[str, int], Sequence[str]]
    sources: Callable[[], Sequence[str]]


@contextmanager
def _listed(context: click.Context) -> Iterator[_Listed]:
    from wherein.storage.disk.locations import default_library, is_milvus

    place = context.find_root().params.get("folder") or default_library()
    with _listed_in_milvus(str(place)) if is_milvus(place) else _listed_in_folder(place) as listed:
        yield listed


@contextmanager
def _listed_in_folder(folder: Path) -> Iterator[_Listed]:
    from wherein.storage.catalog.connection import open_reader
    from wherein.storage.catalog.sources import list_sources
    from wherein.storage.catalog.uris import uris_beginning

    with closing(open_reader(folder)) as db:
        yield _Listed(partial(uris_beginning, db), lambda: [source.uri for source in list_sources(db)])


@contextmanager
def _listed_in_milvus(address: str) -> Iterator[_Listed]:
    from wherein.storage.store.milvus.address import parse_address
    from wherein.storage.store.milvus.store import MilvusStore

    # One that does not answer at once is not waited for: somebody is typing.
    with closing(MilvusStore(parse_address(address), patience=0)) as store:
        yield _Listed(store.uris_beginning, lambda: [source.name for source in store.records("source")])


def _documents(listed: _Listed, begun: str) -> Iterator[str]:
    from wherein.uri import display_uri, file_uri, real_path

    # The folder may have been named by a link; only whole names have a real path.
    written, name = os.path.split(os.path.expanduser(begun))  # noqa: PTH111
    folder = file_uri(os.path.join(real_path(written or "."), ""))  # noqa: PTH118
    found = False
    for uri in listed.documents(folder + file_uri(name).removeprefix("file://"), _MAX_OFFERED):
        yield os.path.join(written, display_uri("file://" + uri.removeprefix(folder)))  # noqa: PTH118
        found = True
    if not found and not begun:  # they are all elsewhere
        yield from map(display_uri, listed.documents("file://", _MAX_OFFERED))


def _left_to_the_shell(begun: str, kind: str) -> list[CompletionItem[str]]:
    from click.shell_completion import CompletionItem

    return [CompletionItem(begun, type=kind)]


def _beginning(begun: str, names: Sequence[str]) -> list[str]:
    return _items(name for name in dict.fromkeys(names) if name and name.startswith(begun))


def _items(names: Iterable[str]) -> list[str]:
    offered = (name for name in names if name.isprintable())
    if not _is_bash():
        return list(islice(offered, _MAX_OFFERED))
    # Bash inserts them as they are, and begins another word at each colon. Click's script reads away one of two
    # backslashes.
    without_colon = (name for name in offered if ":" not in name)
    return [_UNSAFE.sub(r"\\\\\g<0>", name) for name in islice(without_colon, _MAX_OFFERED)]


def _is_bash() -> bool:
    return os.environ.get(COMPLETION_VARIABLE) == "bash_complete"
