"""Options that several commands share: decorators that turn what was typed into the values the library takes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from wherein.commands.completing import complete_devices, complete_files, complete_models, complete_types
from wherein.commands.parameter_types import FilePath, FiniteNumber
from wherein.embed.precision import MAX_THREADS, PRECISIONS
from wherein.errors import UsageError
from wherein.ingest.limits import MAX_ACTORS, MAX_JOBS
from wherein.search.limits import MAX_CONTEXT, MAX_RERANK_MS, RERANK_MS
from wherein.search.modes import MODES
from wherein.storage.disk.locations import LIBRARY_VARIABLE, default_library
from wherein.storage.disk.text_lines import to_unicode

if TYPE_CHECKING:
    from datetime import datetime

    from wherein.embed.encoder import Encoder
    from wherein.library import Library

__all__ = [
    "GlobalOptions",
    "engine_options",
    "fields_options",
    "filter_options",
    "global_options",
    "json_option",
    "mode_option",
    "parse_until_option",
    "result_options",
    "to_unicode",
    "wait_option",
]

Command = Callable[..., None]

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for scripts.")
wait_option = click.option("--wait", is_flag=True, help="Wait while another process writes to the library.")


@dataclass(frozen=True)
class GlobalOptions:
    """The options that precede a command's name; every command gets them as `context.obj`."""

    folder: Path
    precision: str
    model: str | None
    threads: int
    jobs: int | None
    device: str | None = None

    @property
    def cache(self) -> Path:
        """The folder of compiled models."""
        import platformdirs

        return Path(platformdirs.user_cache_dir("wherein", appauthor=False)) / "compiled"

    def open_library(self, encoder: Encoder | None = None) -> Library:
        """Return the library that these options name, with the `encoder` that it is going to have."""
        from wherein.library import Library

        return Library(
            self.folder,
            precision=self.precision,
            model=self.model,
            threads=self.threads,
            jobs=self.jobs,
            cache=self.cache,
            device=self.device,
            encoder=encoder,
        )


def global_options(function: Command) -> Command:
    """Add the options that precede a command's name; the function gets them as `options`."""

    @click.option(
        "--library",
        "folder",
        envvar=LIBRARY_VARIABLE,
        type=FilePath(readable=False),  # a folder that cannot be read is what `doctor` reports
        help="The library's folder, or an address of Milvus: milvus://HOST:PORT/NAME or milvus:FILE.db.",
    )
    @click.option("--precision", type=click.Choice(PRECISIONS), default=PRECISIONS[0], help="Arithmetic of the model.")
    @click.option(
        "--model",
        metavar="NAME|FOLDER",
        shell_complete=complete_models,
        help="The model; by default the one the library was created with.",
    )
    @click.option(
        "--threads",
        type=click.IntRange(0, MAX_THREADS),
        default=0,
        help="Threads for the model; 0 means one for every core.",
    )
    @click.option(
        "--jobs",
        type=click.IntRange(1, MAX_JOBS),
        help="Processes that read files; by default as many as suit the machine.",
    )
    @click.option(
        "--device",
        metavar="CPU|GPU|NPU|AUTO",
        shell_complete=complete_devices,
        help="What the model runs on; by default what the library was created with, or the CPU.",
    )
    @wraps(function)
    def wrapper(
        *args: object,
        folder: Path | None,
        precision: str,
        model: str | None,
        threads: int,
        jobs: int | None,
        device: str | None,
    ) -> None:
        options = GlobalOptions(folder or default_library(), precision, model, threads, jobs, device)
        function(*args, options=options)

    return wrapper


def mode_option(help: str) -> Callable[[Command], Command]:
    """Add `--mode`, described by `help`."""
    return click.option("--mode", type=click.Choice(MODES), default=MODES[0], show_default=True, help=help)


def fields_options(function: Command) -> Command:
    """Add the options that name the fields of records; the command gets them as `fields`."""

    @click.option("--text-field", default="", metavar="NAME", help="The field of CSV or JSON records with the text.")
    @click.option("--id-field", default="", metavar="NAME", help="The field that identifies a record.")
    @click.option("--title-field", default="", metavar="NAME", help="The field with the title.")
    @wraps(function)
    def wrapper(*args: object, text_field: str, id_field: str, title_field: str, **others: object) -> None:
        from wherein.library import Fields

        fields = Fields(to_unicode(text_field), to_unicode(id_field), to_unicode(title_field))
        function(*args, fields=fields, **others)

    return wrapper


def engine_options(function: Command) -> Command:
    """Add the options that choose what a run reads and embeds with; the command gets a `RayEngine` or None."""

    @click.option(
        "--engine", "engine_name", type=click.Choice(["local", "ray"]), default="local", show_default=True,
        help="What reads and embeds: this machine's processes, or actors of Ray.",
    )  # fmt: skip
    @click.option(
        "--address", metavar="ADDRESS", help="A running Ray cluster: auto, or HOST:PORT. Without it, Ray starts here."
    )
    @click.option(
        "--actors", type=click.IntRange(1, MAX_ACTORS), help="Actors of Ray; by default one for every 8 cores."
    )
    @wraps(function)
    def wrapper(*args: object, engine_name: str, address: str | None, actors: int | None, **others: object) -> None:
        engine = None
        if engine_name == "ray":
            from wherein.ingest.cluster.engine import RayEngine

            engine = RayEngine(address, actors)
        elif address is not None or actors is not None:
            raise UsageError("--address and --actors go with --engine ray")
        function(*args, engine=engine, **others)

    return wrapper


def filter_options(function: Command) -> Command:
    """Add the options that restrict a question to some documents; the command gets a `Filter` or None as `only`."""

    @click.option(
        "--in",
        "patterns",
        multiple=True,
        metavar="PATTERN",
        shell_complete=complete_files,
        help="Only files or folders that match this.",
    )
    @click.option(
        "--type",
        "types",
        multiple=True,
        metavar="NAME",
        shell_complete=complete_types,
        help="Only this type: pdf, html, md, txt, ...",
    )
    @click.option("--since", metavar="DATE", help="Only files that were modified on that day or later.")
    @click.option("--where", metavar="CONDITION", help='Only documents whose metadata match: "year >= 2024".')
    @wraps(function)
    def wrapper(
        *args: object,
        patterns: tuple[str, ...],
        types: tuple[str, ...],
        since: str | None,
        where: str | None,
        **others: object,
    ) -> None:
        only = None
        if patterns or types or since is not None or where is not None:
            from wherein.search.filters.parse import parse_filter

            only = parse_filter(patterns, types, since, None if where is None else to_unicode(where))
        function(*args, only=only, **others)

    return wrapper


def result_options(function: Command) -> Command:
    """Add the options that shape the hits; the command gets them as `results`."""

    @click.option(
        "--context",
        type=click.IntRange(0, MAX_CONTEXT),
        default=0,
        metavar="N",
        help="Also show N passages before and after each.",
    )
    @click.option(
        "--sentence/--no-sentence",
        default=None,
        help="Mark the sentence that best answers; the default except with --answer and --batch.",
    )
    @click.option("--no-fold", is_flag=True, help="Show near-duplicate passages one by one.")
    @click.option(
        "--min-score",
        type=FiniteNumber(),
        metavar="SCORE",
        help="Leave out passages with a lower chance (0 to 1), or a lower score where there is no chance.",
    )
    @click.option("--require-fresh", is_flag=True, help="Leave out passages whose file is not known to be unchanged.")
    @click.option("--strict", is_flag=True, help="Leave out passages that lack one of the question's quoted phrases.")
    @click.option(
        "--rerank",
        is_flag=True,
        help="Read the 20 best passages again and reorder them, with a reranker if one is installed.",
    )
    @click.option(
        "--rerank-ms",
        type=click.IntRange(1, MAX_RERANK_MS),
        default=RERANK_MS,
        show_default=True,
        metavar="N",
        help="Do not begin to read another passage after N milliseconds.",
    )
    @wraps(function)
    def wrapper(
        *args: object,
        context: int,
        sentence: bool | None,
        no_fold: bool,
        min_score: float | None,
        require_fresh: bool,
        strict: bool,
        rerank: bool,
        rerank_ms: int,
        **others: object,
    ) -> None:
        from wherein.search.results.postprocess import ResultOptions

        is_default = click.get_current_context().get_parameter_source("rerank_ms") is ParameterSource.DEFAULT
        if not (rerank or is_default):
            raise UsageError("--rerank-ms has no effect without --rerank")
        # Not in batches, where speed matters; an exact answer takes the place of the sentence.
        marks = not (others.get("exact") or others.get("batch")) if sentence is None else sentence
        results = ResultOptions(not no_fold, context, marks, min_score, require_fresh, strict, rerank, rerank_ms)
        function(*args, results=results, **others)

    return wrapper


def parse_until_option(text: str | None) -> datetime | None:
    """Return the moment that `--until` names, None without it. Raises UsageError for anything but a future time."""
    if text is None:
        return None
    from datetime import datetime

    from wherein.ingest.progress.deadline import parse_until

    return parse_until(text, datetime.now())
