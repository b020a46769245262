"""What the program consists of: its own version, the packages it needs, its extras, and Tesseract."""

from __future__ import annotations

import importlib
import shutil
import subprocess
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from wherein.diagnosis.check import Check
from wherein.errors import WhereinError
from wherein.installation import EXTRAS, install_command, installed_extras, reinstall_command, this_installation

__all__ = ["extras", "packages", "program", "tesseract"]

_SECONDS = 10.0
# Each package with its module, which is compiled for one kind of machine and may not load on another.
_COMPILED = {"numpy": "numpy", "openvino": "", "faiss-cpu": "faiss", "tokenizers": "tokenizers", "sqlite": "sqlite3"}


def program() -> Check:
    """Look at the program itself: its version, how it was installed, and where it is."""
    here = this_installation()
    folder = str(Path(__file__).resolve().parent.parent)
    fields = {"version": _version("wherein"), "installed": str(here), "tool": here.tool, "folder": folder}
    return Check("wherein", f"{fields['version']}, installed {here}, in {folder}", fields)


def packages() -> Check:
    """Load the compiled packages, and look at their versions."""
    found: dict[str, object] = {}
    problems = []
    for name, module in _COMPILED.items():
        try:
            found[name] = _loaded(module)
        except Exception as error:  # also what a library for another processor raises
            found[name] = None
            problems.append(f"{name} ({str(error).splitlines()[0] if str(error) else type(error).__name__})")
    text = ", ".join(f"{name} {release or 'cannot be loaded'}" for name, release in found.items())
    if not problems:
        return Check("packages", text, found)
    problem = f"these packages cannot be loaded: {', '.join(problems)}; install Wherein again: {reinstall_command()}"
    return Check("packages", text, found, problem=problem, exit_code=WhereinError.exit_code)


def extras() -> Check:
    """Look which optional parts are installed."""
    present = installed_extras()
    missing = {extra: install_command(extra) for extra in EXTRAS if extra not in present}
    lines = [f"installed: {', '.join(present) or 'none'}"]
    if missing:
        lines.append(f"not installed: {', '.join(missing)}; to add one: {next(iter(missing.values()))}")
    return Check("extras", "\n".join(lines), {"installed": present, "missing": missing})


def tesseract() -> Check:
    """Look at Tesseract, which reads text in pictures, and at its languages."""
    if shutil.which("tesseract") is None:
        return Check("tesseract", "not installed; pictures are not read", {"version": None, "languages": []})
    from wherein.ingest.readers.ocr.tesseract import installed_languages

    done = subprocess.run(["tesseract", "--version"], capture_output=True, text=True, timeout=_SECONDS, check=False)
    lines = (done.stdout or done.stderr).splitlines()
    release, languages = lines[0].removeprefix("tesseract").strip() if lines else "?", installed_languages()
    notes = () if languages else ("it has no languages, or fails; pictures are not read",)
    text = f"{release}: {', '.join(languages) or 'no languages'}"
    return Check("tesseract", text, {"version": release, "languages": list(languages)}, notes)


def _loaded(module: str) -> str:
    loaders: dict[str, Callable[[], Any]] = {"": _openvino, "sqlite3": _sqlite}
    loader = loaders.get(module)
    if loader:
        return str(loader())
    return str(importlib.import_module(module).__version__)


def _openvino() -> str:
    from wherein.embed.runtime import import_openvino  # without its telemetry

    return str(import_openvino().__version__)


def _sqlite() -> str:
    import sqlite3

    return sqlite3.sqlite_version


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "unknown version"
