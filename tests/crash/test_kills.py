"""The real program is killed at random moments; `python bench/kills.py` does the same a thousand times."""

import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from stored_texts import TEXT


@pytest.mark.slow
def test_killed_at_any_moment_the_next_run_ends_where_an_undisturbed_one_does(
    environment: dict[str, str], tmp_path: Path
) -> None:
    folder = tmp_path / "many"
    folder.mkdir()
    moments = np.random.default_rng(7).uniform(0.3, 1.8, 20)
    ingest = [sys.executable, "-m", "wherein", "--precision", "w8a32", "ingest", str(folder)]
    ids: dict[bytes, int] = {}
    for number, moment in enumerate(moments):
        for n in range(3 * number, 3 * number + 3):  # so that every run has something to do
            lines = (f"Lot {n}, line {m}: {n * m} apples and {n + m} pears." for m in range(9))
            (folder / f"{n}.txt").write_text("\n\n".join(lines))
        process = subprocess.Popen(ingest, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(moment)
        process.send_signal(signal.SIGKILL)
        process.wait()
        for name, number in _vectors(tmp_path / "library").items():
            assert ids.setdefault(name, number) == number  # embedded once, kept for good
    assert subprocess.run(ingest, env=environment, stdout=subprocess.DEVNULL, check=False).returncode == 0
    undisturbed = {**environment, "WHEREIN_LIBRARY": str(tmp_path / "undisturbed")}
    assert subprocess.run(ingest, env=undisturbed, stdout=subprocess.DEVNULL, check=False).returncode == 0
    (spans, vectors), (expected_spans, expected) = _content(tmp_path / "library"), _content(tmp_path / "undisturbed")
    assert spans == expected_spans
    np.testing.assert_allclose(vectors, expected, atol=1e-5)


def _vectors(library: Path) -> dict[bytes, int]:
    if not (library / "catalog.db").exists():
        return {}
    db = sqlite3.connect(library / "catalog.db")
    try:
        return dict(db.execute("SELECT input_hash, id FROM vectors"))
    except sqlite3.OperationalError:  # killed before the first table
        return {}
    finally:
        db.close()


def _content(library: Path) -> tuple[list[tuple[object, ...]], np.ndarray]:
    db = sqlite3.connect(library / "catalog.db")
    rows = db.execute(
        f'SELECT d.uri, {TEXT}, c.start, c."end", v.vector FROM chunks c JOIN documents d ON d.id = c.document_id'
        " JOIN vectors v ON v.input_hash = c.input_hash ORDER BY d.uri, c.ordinal"
    ).fetchall()
    db.close()
    return [row[:-1] for row in rows], np.stack([np.frombuffer(row[-1], "<f2").astype(np.float32) for row in rows])
