"""Options that commands share, and the library that they open."""

from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import click

MODES = ("hybrid", "semantic", "keyword")


def open_library() -> Any:
    """Return the library that the global options name."""
    from wherein.library import Library

    chosen = click.get_current_context().obj
    return Library(
        chosen["folder"],
        precision=chosen["precision"],
        model=chosen["model"],
        threads=chosen["threads"],
        jobs=chosen["jobs"],
        cache=cache_folder(),
    )


def default_library() -> Path:
    """Return the folder of the user's library."""
    import platformdirs

    return Path(platformdirs.user_data_dir("wherein", appauthor=False)) / "library"


def cache_folder() -> Path:
    """Return the folder of compiled models."""
    import platformdirs

    return Path(platformdirs.user_cache_dir("wherein", appauthor=False)) / "compiled"


def json_option(function: Callable[..., None]) -> Callable[..., None]:
    """Add `--json`."""
    option = click.option("--json", "as_json", is_flag=True, help="Print JSON for scripts.")
    return option(wraps(function)(function))


def wait_option(function: Callable[..., None]) -> Callable[..., None]:
    """Add `--wait`."""
    return click.option("--wait", is_flag=True, help="Wait while another process writes to the library.")(function)


def fields_options(function: Callable[..., None]) -> Callable[..., None]:
    """Add the options that name fields of records; the command gets them as `fields`."""

    @click.option("--text-field", default="", metavar="NAME", help="The field of CSV or JSON records that is the text.")
    @click.option("--id-field", default="", metavar="NAME", help="The field that tells records apart.")
    @click.option("--title-field", default="", metavar="NAME", help="The field that is the title.")
    @wraps(function)
    def named(*args: Any, text_field: str, id_field: str, title_field: str, **others: Any) -> None:
        from wherein.library import Fields

        function(*args, fields=Fields(*map(to_unicode, (text_field, id_field, title_field))), **others)

    return named


def filter_options(function: Callable[..., None]) -> Callable[..., None]:
    """Add the options that say which documents to ask; the command gets them as `only`, None when none is given."""

    @click.option("--in", "places", multiple=True, metavar="PATTERN", help="Only files, folders or patterns like this.")
    @click.option("--type", "types", multiple=True, metavar="NAME", help="Only this type: pdf, html, md, txt, ...")
    @click.option("--since", metavar="DATE", help="Only files that were modified on that day or later.")
    @click.option("--where", metavar="CONDITION", help='Only documents with such metadata: "year >= 2024".')
    @wraps(function)
    def filtered(
        *args: Any, places: tuple[str, ...], types: tuple[str, ...], since: str | None, where: str | None, **others: Any
    ) -> None:
        only = None
        if places or types or since is not None or where is not None:
            from wherein.search.filters.parse import parse_filter

            only = parse_filter(places, types, since, to_unicode(where) if where is not None else None)
        function(*args, only=only, **others)

    return filtered


def result_options(function: Callable[..., None]) -> Callable[..., None]:
    """Add the options that say how hits are made ready; the command gets them as `aids`."""

    @click.option("--context", type=click.IntRange(0, 20), default=0, metavar="N", help="Show N passages around each.")
    @click.option("--sentence", is_flag=True, help="Mark the sentence that is nearest to the question.")
    @click.option("--no-fold", is_flag=True, help="Show passages that say nearly the same each by itself.")
    @click.option(
        "--min-score", type=float, metavar="SCORE", help="Leave out what has a lower chance (0 to 1), or score."
    )
    @click.option("--require-fresh", is_flag=True, help="Leave out what is not known to be in its file as it was read.")
    @wraps(function)
    def aided(
        *args: Any, context: int, sentence: bool, no_fold: bool, min_score: float | None, require_fresh: bool,
        **others: Any,
    ) -> None:  # fmt: skip
        from wherein.search.results.postprocess import ResultOptions

        function(*args, aids=ResultOptions(not no_fold, context, sentence, min_score, require_fresh), **others)

    return aided


def models_option(function: Callable[..., None]) -> Callable[..., None]:
    """Add `--model`, which may be repeated."""
    return click.option(
        "--model", "models", multiple=True, metavar="NAME|FOLDER", help="Another model; several make a table."
    )(function)


def mode_options(modes: tuple[str, ...]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Add `--mode` and `--compare`."""
    mode = click.option(
        "--mode", type=click.Choice(modes), default=modes[0], show_default=True, help="How passages are ranked."
    )
    both = click.option(
        "--compare", nargs=2, metavar="A B", help="Two modes, or two models: tell whether B differs from A."
    )
    return lambda function: mode(both(function))


def parse_until_option(text: str | None) -> Any:
    """Return the time of `--until`, None without it."""
    if text is None:
        return None
    from datetime import datetime

    from wherein.ingest.progress.deadline import parse_until

    return parse_until(text, datetime.now())


def to_unicode(argument: str) -> str:
    """Return Unicode: what the shell hands over may hold undecodable bytes, and SQLite and JSON take none."""
    return argument.encode("utf-8", "replace").decode("utf-8")
