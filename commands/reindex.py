"""`wherein reindex`."""

import math
import sys

import click

from wherein.commands.options import json_option, open_library, parse_until_option, wait_option
from wherein.commands.output import SCHEMA, print_json
from wherein.commands.progress import print_summary, run_progress
from wherein.errors import UsageError


@click.command()
@click.option("--model", metavar="NAME|FOLDER", help="Embed the library with this model, then use it.")
@click.option(
    "--index",
    type=click.Choice(["auto", "exact", "ivf", "hnsw"]),
    help="How vectors are searched from now on: exactly, by lists, by a graph, or (auto) by lists once they are many.",
)
@click.option("--until", metavar="TIME", help="Stop then, at 06:00 for instance; the next run goes on.")
@click.option("--accept-removals", is_flag=True, help="Remove documents that are gone even when they are many.")
@click.option(
    "--margin", type=click.FloatRange(0, 100), metavar="POINTS",
    help="How much worse golden questions may be answered; 5 points of their mean reciprocal rank by default.",
)  # fmt: skip
@click.option("--rollback", is_flag=True, help="Only return to the index, or the model, before the present one.")
@click.option("--finish", is_flag=True, help="Only delete the vectors of the model before the present one.")
@click.option("--print-systemd", is_flag=True, help="Only print a service and a timer that do this every night.")
@wait_option
@json_option
def reindex(
    model: str | None, index: str | None, until: str | None, accept_removals: bool, margin: float | None,
    rollback: bool, finish: bool, print_systemd: bool, wait: bool, as_json: bool,
) -> None:  # fmt: skip
    """Catch up with all sources, remove what is gone, check a new index and swap it in.

    An index that answers the golden questions worse is not swapped in; the exit code is 1 then. With --model every
    passage is embedded anew, at the --precision that is asked for, else at the library's own. The old model answers
    until that is done; a run that was stopped is gone on with by the same command.
    """
    alone = rollback + finish + print_systemd
    if alone > 1 or (alone and (model or index or until or accept_removals or margin is not None)):
        raise UsageError("--rollback, --finish and --print-systemd are each done alone, without other options")
    if margin is not None and math.isnan(margin):
        raise UsageError("--margin is a number of points, from 0 to 100")
    if print_systemd:
        from wherein.systemd import systemd

        click.echo(systemd(sys.argv[0], click.get_current_context().obj["folder"]), nl=False)
        return
    library = open_library()
    if finish:
        gone = library.finish(wait=wait)
        print_json({"schema": SCHEMA, "deleted": gone}) if as_json else click.echo(f"{gone:,} vectors deleted")
        return
    with run_progress(as_json) as report:
        if rollback:
            said = library.roll_back(report=report, wait=wait)
            print_json({"schema": SCHEMA, "said": said}) if as_json else click.echo(said)
            return
        summary = library.reindex(
            model=model, index=index, until=parse_until_option(until), accept_removals=accept_removals, report=report,
            look_ahead=report.shown, wait=wait, **({} if margin is None else {"margin": margin}),
        )  # fmt: skip
    print_summary(summary, report, as_json)
