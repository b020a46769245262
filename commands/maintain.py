"""`wherein verify`, `repair`, `backup` and `restore`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from wherein.commands.options import GlobalOptions, json_option, wait_option
from wherein.commands.output import describe_finding, display_path, format_size, format_time, print_json, warn
from wherein.commands.parameter_types import FilePath
from wherein.commands.progress import status_line
from wherein.errors import Damaged
from wherein.storage.disk.counted import counted

if TYPE_CHECKING:
    from wherein.storage.backup.backup import Backup
    from wherein.storage.backup.restore import Restored
    from wherein.storage.repair.findings import Repair, Verification

__all__ = ["backup", "repair", "restore", "verify"]


@click.command()
@click.option(
    "--deep",
    is_flag=True,
    help="Also compare the index with the vectors, vectors with the model, and files with what was read from them.",
)
@json_option
@click.pass_obj
def verify(options: GlobalOptions, deep: bool, as_json: bool) -> None:
    """Look for damage and change nothing. The exit code is 5 if something is damaged."""
    found = options.open_library().verify(deep=deep)
    if as_json:
        findings = [asdict(finding) for finding in found.findings]
        print_json({"damaged": found.damaged, "findings": findings, "checked": dict(found.checked)})
    else:
        _print_verification(found)
    if found.damaged:
        click.get_current_context().exit(Damaged.exit_code)


def _print_verification(found: Verification) -> None:
    for finding in found.findings:
        click.echo(describe_finding(finding))
    counts = ", ".join(f"{count:,} {kind}" for kind, count in sorted(found.checked.items()))
    damaged = sum(not finding.harmless for finding in found.findings)
    verdict = f"{damaged:,} damaged" if damaged else "nothing is damaged"
    click.echo(f"{counts or 'nothing could be'} checked: {verdict}")


@click.command()
@wait_option
@json_option
@click.pass_obj
def repair(options: GlobalOptions, wait: bool, as_json: bool) -> None:
    """Repair what is damaged, without the model. Damaged data is quarantined, never deleted."""
    done = options.open_library().repair(wait=wait)
    if as_json:
        print_json(asdict(done))
    else:
        _print_repair(done)
    if done.left:
        click.get_current_context().exit(Damaged.exit_code)


def _print_repair(done: Repair) -> None:
    for sentence in done.mended:
        click.echo(f"repaired: {sentence}")
    for sentence in done.lost:
        click.echo(f"lost: {sentence}")
    for finding in done.left:
        click.echo(describe_finding(finding))
    if done.aside:
        click.echo(f"quarantined: {done.aside}")
    click.echo(f"{len(done.mended):,} repaired, {len(done.lost):,} lost, {len(done.left):,} left")


@click.command()
@click.argument("target", type=FilePath(), metavar="FOLDER|FILE.tar.zst")
@click.option("--verify", is_flag=True, help="Also restore the backup to a temporary folder, and compare.")
@json_option
@click.pass_obj
def backup(options: GlobalOptions, target: Path, verify: bool, as_json: bool) -> None:
    """Write the library to a new FOLDER or FILE.tar.zst, even while it is in use.

    The backup is read back and compared with its checksums.
    """
    with status_line(as_json, "no partial backup is left") as report:
        done = options.open_library().backup(target, verify=verify, report=report)
    if as_json:
        print_json(asdict(done))
    else:
        _print_backup(done)


def _print_backup(done: Backup) -> None:
    for warning in done.warnings:
        warn(warning)
    checked = "restored as a trial" if done.verified else "read back"
    origin = f"; an interrupted run had written it at {format_time(done.created_at)}" if done.finished else ""
    click.echo(
        f"{counted(done.documents, 'document')} in {display_path(done.place)}: {format_size(done.bytes)}, {checked},"
        f" {done.seconds:,.1f} s{origin}"
    )


@click.command()
@click.argument("backup", type=FilePath())
@click.option("--force", is_flag=True, help="Replace an existing library, which is kept as NAME.before-restore-TIME.")
@click.option("--without-index", is_flag=True, help="Build a new index instead of restoring a damaged one.")
@json_option
@click.pass_obj
def restore(options: GlobalOptions, backup: Path, force: bool, without_index: bool, as_json: bool) -> None:
    """Restore the library in BACKUP to the folder that --library names."""
    with status_line(as_json, "no partly restored library is left") as report:
        done = options.open_library().restore(backup, force=force, index=not without_index, report=report)
    if as_json:
        print_json(asdict(done))
    else:
        _print_restored(done)


def _print_restored(done: Restored) -> None:
    earlier = f"; the earlier library is kept as {display_path(done.aside)}" if done.aside else ""
    click.echo(
        f"{done.documents:,} documents as of {format_time(done.created_at)} are in {display_path(done.library)}:"
        f" {format_size(done.bytes)}, {done.seconds:,.1f} s{earlier}"
    )
