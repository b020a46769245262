"""The plan of docs/scale.md in tables: what a library of a billion passages takes, and what a night of changes costs.

    python bench/billion.py [--passages 1000000000] [--context-ms 33] [--changes 0.01] [--core-hour 0.04] [--gb-month 3]

Nothing is measured here: the figures of one passage come from the commands that docs/scale.md names, and the prices are
assumptions. Only the nights are simulated: which segments of the index the changes touch, and what is rewritten.
"""

import argparse
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

WIDTH = 384
KEYS = 2 * 32 + 16
"""Bytes of the string keys of a passage and its document in memory, with their offsets."""
ROWS = 904 + 451 + 400
"""Bytes of a passage's text, terms and rows on disk, without its vector (docs/decisions/bytes.md)."""
WORDS = 199 + 37
"""Bytes of a passage in the index of words (docs/decisions/bytes.md)."""
LINKS = 32 * 4 + 24
"""Bytes of a node's links in a graph of 16: 32 at the bottom, and those of the levels above."""
NODE_GB, USED = 256, 0.7
SHARD = 100_000_000
"""Passages of a shard: one writer's channel."""
SEGMENT = 1_000_000
"""Passages of a sealed segment of an index."""


@dataclass(frozen=True)
class Kind:
    """A kind of index: bytes of a passage in memory, and passages that a core indexes in a second."""

    name: str
    memory: float
    built: float


KINDS = (
    Kind("FLAT, float32", 4 * WIDTH, 1e6),
    Kind("FLAT, float16", 2 * WIDTH, 1e6),
    Kind("HNSW, float32", 4 * WIDTH + LINKS, 350),
    Kind("HNSW_SQ, 8 bits", WIDTH + LINKS, 350),
    Kind("IVF_SQ8", WIDTH + 8, 4_000),
    Kind("IVF_RABITQ, refined on disk", WIDTH / 8 + 16, 4_000),
    Kind("DISKANN", WIDTH / 4, 350),
)


def table(title: str, head: list[str], rows: list[list[object]]) -> None:
    print(f"\n{title}\n\n| {' | '.join(head)} |\n|{'---|' * len(head)}")
    for row in rows:
        print(f"| {' | '.join(f'{cell:,.4g}' if isinstance(cell, float) else f'{cell}' for cell in row)} |")


def rounded(value: float) -> str:
    digits = max(0, 2 - len(str(int(abs(value)))))
    return f"{round(value, digits):,.{digits}f}"


def nodes(memory: float) -> int:
    return max(1, -(-int(memory) // int(NODE_GB * USED * 1e9)))


def memory_table(passages: int, copies: int, gb_month: float) -> None:
    rows: list[list[object]] = []
    for kind in KINDS:
        total = passages * (kind.memory + KEYS)
        rows.append([
            kind.name, f"{kind.memory:,.0f}", rounded(total / 1e9), copies * nodes(total),
            rounded(passages / kind.built / 3_600), rounded(copies * total / 1e9 * gb_month),
        ])  # fmt: skip
    head = ["index", "bytes a passage", "GB in memory, with keys", f"query nodes ({copies} copies)",
            "core-hours to build", "memory, $ a month"]  # fmt: skip
    table(f"Memory for {passages:,} passages", head, rows)


def size_table(context_ms: float, changes: float, core_hour: float) -> None:
    rows: list[list[object]] = []
    for passages in (10**6, 10**7, 10**8, 10**9):
        days = passages * context_ms / 1_000 / 86_400
        night = changes * passages * context_ms / 1_000 / 3_600
        rows.append([
            f"{passages:,}", max(1, -(-passages // SHARD)), rounded(passages * (ROWS + 2 * WIDTH) / 1e9),
            rounded(passages * WORDS / 1e9), rounded(days), rounded(24 * days * core_hour), rounded(night),
            rounded(night / 8), rounded(night * core_hour),
        ])  # fmt: skip
    head = ["passages", "shards", "GB of rows", "GB of words", "core-days to embed", "$", "core-hours a night",
            "cores for 8 hours", "$ a night"]  # fmt: skip
    table(f"Rows and embedding, {context_ms:g} ms a context, {changes:.1%} changed a night", head, rows)


def simulate(passages: int, changes: float, spread: Callable[[np.random.Generator, int], np.ndarray], nights: int,
             limit: float = 0.2) -> tuple[float, float]:  # fmt: skip
    """Return the passages rewritten a night, and the share of segments that a night touches; the last third counts.

    `spread` returns weights for the segments. A segment of which `limit` is deleted is rewritten with what is left, and
    so is what a night adds.
    """
    chance = np.random.default_rng(1)
    live = np.full(max(1, passages // SEGMENT), float(min(passages, SEGMENT)))
    size, rewritten, touched = live.copy(), list[float](), list[float]()
    for _ in range(nights):
        added = changes * live.sum()
        weights = spread(chance, len(live)) * live
        gone = np.minimum(chance.poisson(added * weights / weights.sum()), live)
        live = live - gone
        touched.append(float((gone > 0).mean()))
        old = live < (1 - limit) * size
        moved = live[old].sum()
        new = np.full(max(1, round((moved + added) / SEGMENT)), 1.0) * (moved + added)
        new /= len(new)
        live, size = np.concatenate([live[~old], new]), np.concatenate([size[~old], new])
        rewritten.append(moved + added)
    last = nights // 3
    return float(np.mean(rewritten[-last:])), float(np.mean(touched[-last:]))


def evenly(_: np.random.Generator, segments: int) -> np.ndarray:
    return np.ones(segments)


def mostly_recent(_: np.random.Generator, segments: int) -> np.ndarray:
    """Return weights of which the newest tenth has ten times those of the others."""
    weights = np.ones(segments)
    weights[-max(1, segments // 10) :] = 10
    return weights


def night_table(passages: int, context_ms: float, nights: int) -> None:
    rows: list[list[object]] = []
    for changes in (0.001, 0.01, 0.05):
        for name, spread in (("evenly", evenly), ("mostly recent", mostly_recent)):
            rewritten, touched = simulate(passages, changes, spread, nights)
            embedding = changes * passages * context_ms / 1_000 / 3_600
            graph, lists = (rewritten / kind.built / 3_600 for kind in (KINDS[3], KINDS[4]))
            rows.append([
                f"{changes:.1%}", name, f"{touched:.0%}", f"{rewritten / passages:.1%}", rounded(embedding),
                rounded(graph), rounded(lists),
            ])  # fmt: skip
    head = [
        "changed",
        "where",
        "segments touched",
        "rewritten",
        "core-hours to embed",
        "to build graphs",
        "to build lists",
    ]
    table(f"A night, simulated over {nights} of them, for {passages:,} passages", head, rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--passages", type=int, default=10**9)
    parser.add_argument("--copies", type=int, default=2)
    parser.add_argument("--context-ms", type=float, default=33)
    parser.add_argument("--changes", type=float, default=0.01)
    parser.add_argument("--nights", type=int, default=180)
    parser.add_argument("--core-hour", type=float, default=0.04)
    parser.add_argument("--gb-month", type=float, default=3)
    given = parser.parse_args()
    memory_table(given.passages, given.copies, given.gb_month)
    size_table(given.context_ms, given.changes, given.core_hour)
    night_table(given.passages, given.context_ms, given.nights)


if __name__ == "__main__":
    main()
