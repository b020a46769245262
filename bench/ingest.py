"""Ingestion beside the bare encoder loop over the same chunks, in alternating runs of one process each.

    python bench/ingest.py DOCUMENTS... [--precision w8a32] [--rounds 3]

The bare loop gets the chunk texts of a finished library in memory, tokenizes and encodes them with the same graph, the
same shapes and queue, and keeps nothing. Ingestion is timed from the first file to durable on disk. Prints chunks a
second of both, their ratio, and the peak memory of the ingest.
"""

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from wherein.embed.encoder import Encoder
from wherein.embed.model import load_model
from wherein.library import Library
from wherein.storage.catalog.texts import Span, read_spans


def bare(library: Path, precision: str, cache: Path) -> dict[str, float]:
    import sqlite3

    db = sqlite3.connect(library / "catalog.db")
    rows = db.execute('SELECT document_id, start, "end" FROM chunks GROUP BY input_hash ORDER BY min(id)').fetchall()
    texts = [str(found.text).strip() for found in read_spans(db, [Span(*row) for row in rows])]
    encoder = Encoder(load_model(), precision, cache=cache)
    encoder.encode_contexts(texts[:8])
    began = time.perf_counter()
    for first in range(0, len(texts), 64):
        encoder.encode_contexts(texts[first : first + 64])
    seconds = time.perf_counter() - began
    return {"chunks": len(texts), "seconds": seconds, "rate": len(texts) / seconds}


def ingest(sources: list[str], library: Path, precision: str, cache: Path) -> dict[str, float]:
    summary = Library(library, precision=precision, cache=cache).ingest(sources)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    rate = summary.embedded / summary.seconds
    return {"chunks": summary.embedded, "seconds": summary.seconds, "rate": rate, "peak_mb": peak}


def child(part: str, arguments: argparse.Namespace, library: Path, cache: Path) -> dict[str, float]:
    command = [sys.executable, __file__, *arguments.sources, "--precision", arguments.precision]
    command += ["--part", part, "--library", str(library), "--cache", str(cache)]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sources", nargs="+")
    parser.add_argument("--precision", default="w8a32")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--part")
    parser.add_argument("--library", type=Path)
    parser.add_argument("--cache", type=Path)
    chosen = parser.parse_args()
    if chosen.part == "bare":
        print(json.dumps(bare(chosen.library, chosen.precision, chosen.cache)))
    elif chosen.part == "ingest":
        print(json.dumps(ingest(chosen.sources, chosen.library, chosen.precision, chosen.cache)))
    else:
        compare(chosen)


def compare(chosen: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory() as work:
        cache = Path(work) / "cache"
        ratios = []
        for number in range(chosen.rounds):
            library = Path(work) / f"library-{number}"
            whole = child("ingest", chosen, library, cache)
            alone = child("bare", chosen, library, cache)
            ratios.append(whole["rate"] / alone["rate"])
            print(
                f"round {number + 1}: ingest {whole['rate']:.1f}/s ({whole['chunks']} chunks, peak"
                f" {whole['peak_mb']:.0f} MB), bare loop {alone['rate']:.1f}/s, ratio {ratios[-1]:.3f}",
                flush=True,
            )
        print(f"best ratio {max(ratios):.3f}, median {sorted(ratios)[len(ratios) // 2]:.3f}")


if __name__ == "__main__":
    main()
