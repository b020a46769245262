"""`wherein verify`, `repair`, `backup` and `restore`."""

from dataclasses import asdict
from pathlib import Path

import click

from wherein.commands.options import json_option, open_library, wait_option
from wherein.commands.output import SCHEMA, describe_finding, display_path, format_size, format_time, print_json
from wherein.commands.progress import status_line
from wherein.errors import Damaged

EXIT_DAMAGED = Damaged.exit_code


@click.command()
@click.option("--deep", is_flag=True, help="Compare index and vectors, vectors and model, and sources too.")
@json_option
def verify(deep: bool, as_json: bool) -> None:
    """Look for damage; nothing is changed. The exit code is 5 when something is damaged."""
    found = open_library().verify(deep=deep)
    if as_json:
        print_json({"schema": SCHEMA, "damaged": found.damaged, "findings": [asdict(f) for f in found.findings],
               "checked": dict(found.checked)})  # fmt: skip
    else:
        for finding in found.findings:
            click.echo(describe_finding(finding))
        counts = ", ".join(f"{count:,} {kind}" for kind, count in sorted(found.checked.items()))
        damages = sum(not finding.harmless for finding in found.findings)
        said = f"{damages:,} damages found" if damages else "nothing is damaged"
        click.echo(f"{counts or 'nothing could be'} checked: {said}")
    if found.damaged:
        click.get_current_context().exit(EXIT_DAMAGED)


@click.command()
@wait_option
@json_option
def repair(wait: bool, as_json: bool) -> None:
    """Mend what is damaged, without the model; what is damaged is put aside and never deleted."""
    done = open_library().repair(wait=wait)
    if as_json:
        print_json({"schema": SCHEMA, **asdict(done)})
    else:
        for sentence in done.mended:
            click.echo(f"mended: {sentence}")
        for sentence in done.lost:
            click.echo(f"lost: {sentence}")
        for finding in done.left:
            click.echo(describe_finding(finding))
        if done.aside:
            click.echo(f"put aside: {done.aside}")
        click.echo(f"{len(done.mended):,} mended, {len(done.lost):,} lost, {len(done.left):,} left")
    if done.left:
        click.get_current_context().exit(EXIT_DAMAGED)


@click.command()
@click.argument("target", type=click.Path(path_type=Path), metavar="FOLDER|FILE.tar.zst")
@click.option("--verify", is_flag=True, help="Restore the backup on trial as well, and compare.")
@json_option
def backup(target: Path, verify: bool, as_json: bool) -> None:
    """Write the library to a new FOLDER or FILE.tar.zst, also while it is in use.

    What was written is read back and compared with its checksums.
    """
    library = open_library()
    with status_line(as_json, "no half-written backup is left") as report:
        done = library.backup(target, verify=verify, report=report)
    if as_json:
        print_json({"schema": SCHEMA, **asdict(done)})
        return
    for warning in done.warnings:
        click.echo(f"wherein: {warning}", err=True)
    checked = "restored on trial" if done.verified else "read back"
    begun = f"; an interrupted run had written it at {format_time(done.created_at)}" if done.finished else ""
    click.echo(
        f"{done.documents:,} documents are in {display_path(done.place)}: {format_size(done.bytes)}, {checked},"
        f" {done.seconds:,.1f} s{begun}"
    )


@click.command()
@click.argument("backup", type=click.Path(path_type=Path))
@click.option("--force", is_flag=True, help="Move a library that is there already aside.")
@click.option("--without-index", is_flag=True, help="Make a new index in place of one that is damaged.")
@json_option
def restore(backup: Path, force: bool, without_index: bool, as_json: bool) -> None:
    """Put the library that is kept in BACKUP in the place of --library."""
    library = open_library()
    with status_line(as_json, "no half-restored library is left") as report:
        done = library.restore(backup, force=force, index=not without_index, report=report)
    if as_json:
        print_json({"schema": SCHEMA, **asdict(done)})
        return
    aside = f"; the earlier library is kept as {display_path(done.aside)}" if done.aside else ""
    click.echo(
        f"{done.documents:,} documents as of {format_time(done.created_at)} are in {display_path(done.library)}:"
        f" {format_size(done.bytes)}, {done.seconds:,.1f} s{aside}"
    )
