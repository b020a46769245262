"""`wherein reindex`."""

from __future__ import annotations

import click

from wherein.commands.completing import complete_models
from wherein.commands.nightly import install_systemd, nightly_command, print_cron, print_systemd
from wherein.commands.options import GlobalOptions, json_option, parse_until_option, wait_option
from wherein.commands.output import print_json
from wherein.commands.parameter_types import FiniteRange
from wherein.commands.progress import run_progress
from wherein.errors import EXIT_PARTLY_FAILED, UsageError
from wherein.storage.disk.counted import counted
from wherein.storage.index.choices import CHOICES

__all__ = ["reindex"]


@click.command()
@click.option(
    "--model",
    metavar="NAME|FOLDER",
    shell_complete=complete_models,
    help="Embed the library with this model, then use it.",
)
@click.option(
    "--index",
    type=click.Choice(CHOICES),
    help="How vectors are searched from now on: exactly, by inverted lists (ivf), by a graph (hnsw), or exactly while"
    " they are few and then by lists (auto).",
)
@click.option("--until", metavar="TIME", help="Stop at that time, such as 06:00; the next run resumes.")
@click.option("--accept-removals", is_flag=True, help="Remove documents whose files are gone, however many they are.")
@click.option(
    "--margin", type=FiniteRange(0, 100), metavar="POINTS",
    help="How much worse the golden questions may be answered; by default 5 points of their mean reciprocal rank.",
)  # fmt: skip
@click.option("--rollback", is_flag=True, help="Only go back to the previous index, or to the previous model.")
@click.option("--finish", is_flag=True, help="Only delete the vectors of the previous model.")
@click.option(
    "--print-systemd",
    is_flag=True,
    help="Only print a systemd service and timer that run this command, with its other options, every night.",
)
@click.option("--install", is_flag=True, help="With --print-systemd: write the units for this user and enable them.")
@click.option("--print-cron", is_flag=True, help="Only print the line of a crontab that does the same.")
@wait_option
@json_option
@click.pass_obj
def reindex(
    options: GlobalOptions, model: str | None, index: str | None, until: str | None, accept_removals: bool,
    margin: float | None, rollback: bool, finish: bool, print_systemd: bool, install: bool,
    print_cron: bool, wait: bool, as_json: bool,
) -> None:  # fmt: skip
    """Catch up with all sources, remove documents whose files are gone, check a new index and swap it in.

    An index that answers the golden questions worse is not swapped in; the exit code is then 1. With --model every
    passage is embedded again, at --precision if it is given, else at the library's own. The old model answers until
    that is complete; if the run is stopped, run the same command again to resume.
    """
    exclusive = rollback + finish + print_systemd + print_cron
    has_options = bool(model or index or until or accept_removals or margin is not None)
    if exclusive > 1 or ((rollback or finish) and has_options):
        raise UsageError(
            "--rollback and --finish cannot be combined with other options, nor --print-systemd with --print-cron"
        )
    if install and not print_systemd:
        raise UsageError("--install goes with --print-systemd")
    if print_systemd or print_cron:
        parse_until_option(until)
        others = {
            "--index": index, "--accept-removals": accept_removals, "--margin": None if margin is None else str(margin),
            "--wait": wait, "--json": as_json,
        }  # fmt: skip
        _schedule(nightly_command(options, model, until, others), print_cron, install)
        return
    if finish:
        _finish(options, wait, as_json)
        return
    if rollback:
        _roll_back(options, wait, as_json)
        return
    from wherein.ingest.limits import MARGIN

    with run_progress(as_json) as reporter:
        summary = options.open_library().reindex(
            model=model, index=index, until=parse_until_option(until), accept_removals=accept_removals,
            margin=MARGIN if margin is None else margin, report=reporter, look_ahead=reporter.shows_progress, wait=wait,
        )  # fmt: skip
    reporter.summary(summary)
    if summary.failed:
        click.get_current_context().exit(EXIT_PARTLY_FAILED)


def _schedule(words: list[str], by_cron: bool, install: bool) -> None:
    if by_cron:
        print_cron(words)
    elif install:
        install_systemd(words)
    else:
        print_systemd(words)


def _finish(options: GlobalOptions, wait: bool, as_json: bool) -> None:
    deleted = options.open_library().drop_previous_model(wait=wait)
    if as_json:
        print_json({"deleted": deleted})
    else:
        click.echo(f"{counted(deleted, 'vector')} deleted")


def _roll_back(options: GlobalOptions, wait: bool, as_json: bool) -> None:
    with run_progress(as_json) as reporter:
        detail = options.open_library().roll_back(report=reporter, wait=wait)
    if as_json:
        print_json({"detail": detail, "said": detail})  # `said` is the earlier name of `detail`
    else:
        click.echo(detail)
