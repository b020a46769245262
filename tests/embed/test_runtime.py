"""OpenVINO: its import, its one Core, and the cache of compiled graphs."""

import os
import subprocess
import sys
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from bit_flip import flip
from wherein.embed.encoder import Encoder
from wherein.embed.model import Model

TEXTS = ["The heron stands in the shallow water.", "A tax return is due in spring.", "Où est la gare ?", "x"]


def truncate(blob: Path) -> None:
    blob.write_bytes(blob.read_bytes()[: blob.stat().st_size // 2])


def empty(blob: Path) -> None:
    blob.write_bytes(b"")


def swap(blob: Path) -> None:
    flip(blob, blob.stat().st_size // 2)


def swap_for_another(blob: Path) -> None:
    """A file whose checksum is right, but which is no compiled graph."""
    key = blob.name.rpartition("-")[0]
    (blob.parent / f"{key}-{zlib.crc32(b'other'):08x}.blob").write_bytes(b"other")
    blob.unlink()


@pytest.mark.parametrize("damage", [truncate, empty, swap, swap_for_another])
def test_a_damaged_compiled_model_is_made_again(
    tmp_path: Path, model: Model, exact: Encoder, damage: Callable[[Path], None]
) -> None:
    expected = exact.encode_contexts(TEXTS)
    Encoder(model, "w8a32", cache=tmp_path).encode_contexts(["text"])
    (blob,) = tmp_path.rglob("*.blob")
    damage(blob)
    vectors = Encoder(model, "w8a32", cache=tmp_path).encode_contexts(TEXTS)
    np.testing.assert_allclose(vectors, expected, atol=1e-5)


def test_a_compiled_model_is_used_again(tmp_path: Path, model: Model, exact: Encoder) -> None:
    for _ in range(2):
        vectors = Encoder(model, "w8a32", cache=tmp_path).encode_contexts(TEXTS)
        np.testing.assert_allclose(vectors, exact.encode_contexts(TEXTS), atol=1e-5)
    assert len(list(tmp_path.rglob("*.blob"))) == 1


def test_an_unusable_cache_is_done_without(tmp_path: Path, model: Model, exact: Encoder) -> None:
    (tmp_path / "file").write_text("no folder")
    for cache in (tmp_path / "file", tmp_path / "file" / "below"):
        vectors = Encoder(model, "w8a32", cache=cache).encode_contexts(TEXTS)
        np.testing.assert_allclose(vectors, exact.encode_contexts(TEXTS), atol=1e-5)
    assert (tmp_path / "file").read_text() == "no folder"


def test_openvino_reports_to_nobody(tmp_path: Path) -> None:
    """Its import as it is would open a connection to Google Analytics and make a folder in the user's home."""
    check = (
        "import sys; from wherein.embed.runtime import import_openvino; import_openvino().Core(); print(*sys.modules)"
    )
    environment = {**os.environ, "HOME": str(tmp_path)}
    environment.pop("CI", None)  # which would keep it silent, too
    done = subprocess.run([sys.executable, "-c", check], env=environment, capture_output=True, text=True, check=True)
    assert not any("telemetry" in name for name in done.stdout.split())
    assert list(tmp_path.iterdir()) == []


def test_a_signal_is_taken_after_models_have_come_and_gone() -> None:
    """A CPU plugin that outlives an earlier one would leave the thread without a stack for signal handlers."""
    check = """
import os, signal
from wherein.embed.model import load_model
from wherein.embed.runtime import compile_model
first = compile_model(load_model(), "w8a32", None, 1, True)
second = compile_model(load_model(), "w8a32", None, 1, True)
del first
del second
signal.signal(signal.SIGTERM, lambda *_: print("taken"))
os.kill(os.getpid(), signal.SIGTERM)
"""
    environment = {**os.environ}
    command = [sys.executable, "-X", "faulthandler", "-c", check]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "taken\n"), done.stderr
