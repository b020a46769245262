"""The models: the one that is used, its precision and why, what it runs on, those installed, and compiled graphs."""

from __future__ import annotations

from pathlib import Path

from wherein.diagnosis.check import Check
from wherein.errors import Damaged

__all__ = ["compiled", "devices", "installed_models", "model", "precision"]


def model(name: str | None) -> Check:
    """Look at the model `name`, or the shipped one: whether its files are what its manifest says."""
    from wherein.embed.models.installed import damaged_files, find_model, fingerprints

    used = find_model(name)
    marks, damaged = fingerprints(used), damaged_files(used)
    fields = {
        "name": used.name, "version": used.version, "folder": str(used.folder), "dimension": used.dimension,
        "metric": used.metric, "fingerprints": marks, "damaged": damaged,
    }  # fmt: skip
    each = ", ".join(f"{mark} at {precision}" for precision, mark in marks.items())
    text = f"{used.name} {used.version}, {used.dimension} dimensions; fingerprint {each}"
    found = Check("model", text, fields)
    return found.with_problem(Damaged("; ".join(damaged))) if damaged else found


def precision(requested: str, name: str | None, cache: Path) -> Check:
    """Look at the precision that a new library would have, and why."""
    from wherein.embed.models.installed import find_model
    from wherein.embed.models.speeds import fastest_precision
    from wherein.embed.precision import resolve_precision, why_precision

    chosen, why = resolve_precision(requested), "--precision says so" if requested != "auto" else why_precision()
    if requested == "auto" and (measured := fastest_precision(cache, find_model(name))):
        chosen, why = measured, "wherein model bench measured it as the fastest here"
    return Check("precision", f"{chosen} for a new library: {why}", {"precision": chosen, "reason": why})


def devices() -> Check:
    """Look at the devices that OpenVINO finds."""
    from wherein.embed.devices import device_names
    from wherein.embed.runtime import openvino_core

    found = device_names(openvino_core())
    return Check("devices", ", ".join(f"{name} ({own.strip()})" for name, own in found.items()), {"devices": found})


def installed_models() -> Check:
    """Look which models are installed beside the shipped one."""
    from wherein.embed.model import DEFAULT_MODEL
    from wherein.embed.models.installed import installed_folders, models_folder

    folder = models_folder()
    names = [path.name for path in installed_folders(folder) if path != DEFAULT_MODEL]
    text = f"{', '.join(names) or 'none but the shipped one'}, in {folder}"
    return Check("models", text, {"folder": str(folder), "installed": names})


def compiled(cache: Path) -> Check:
    """Look at the folder of compiled graphs; damaged ones are compiled again by themselves."""
    from wherein.embed.runtime import damaged_blobs

    sizes = [path.stat().st_size for path in cache.glob("*.blob")]
    damaged = [path.name for path in damaged_blobs(cache)]
    text = f"{cache}: {len(sizes):,} compiled graphs, {sum(sizes) / 1e6:,.0f} MB"
    notes = (f"{len(damaged):,} of them damaged; they are compiled again when they are used",) if damaged else ()
    fields = {"folder": str(cache), "graphs": len(sizes), "bytes": sum(sizes), "damaged": damaged}
    return Check("cache", text if cache.is_dir() else f"{cache}: not there yet", fields, notes)
