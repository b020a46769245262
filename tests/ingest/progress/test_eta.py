"""The time left, estimated by what is to be embedded."""

import pytest

from wherein.ingest.progress.eta import EtaEstimator, FileCost
from wherein.ingest.progress.sampler import PendingFile
from wherein.storage.catalog.sources import Source


def ahead(kind: str, size: int, number: int) -> PendingFile:
    return PendingFile(Source(1, "file:///docs", "path", (), None, ""), f"/docs/{number}{kind}", kind, size)


def run_through(work: list[tuple[PendingFile, dict[bytes, int]]], speed: int) -> list[tuple[float, float | None]]:
    """After each file the true and the estimated time left, in seconds; `speed` tokens are embedded in one.

    To read 500 bytes takes as long as to embed a token.
    """
    now = [0.0]
    remaining = EtaEstimator(lambda: now[0])
    content = {file.path: tokens for file, tokens in work}
    for file, _ in work:
        remaining.expect(file)
    assert remaining.seconds() is None
    known: set[bytes] = set()
    estimates = []
    for file, passages in work:
        if look := remaining.next_sample():
            remaining.sampled(look, {name: n for name, n in content[look.path].items() if name not in known})
        missing = {name: n for name, n in passages.items() if name not in known}
        tokens = sum(missing.values())
        cost = FileCost(file.kind, file.size, tokens)
        remaining.read(file.path, cost)
        now[0] += (tokens + file.size / 500) / speed
        known |= missing.keys()
        remaining.embedded(missing)
        remaining.done(cost)
        estimates.append((now[0], remaining.seconds()))
    return [(now[0] - moment, left) for moment, left in estimates]


def true_after_a_minute(estimates: list[tuple[float, float | None]]) -> None:
    total = estimates[0][0]
    compared = [(left, true) for true, left in estimates if total - true > 60 and true > 20]
    assert len(compared) > 20
    for left, true in compared:
        assert left == pytest.approx(true, rel=0.2)


def test_the_time_left_follows_what_is_to_be_embedded() -> None:
    """PDFs of which hardly anything is text, and texts of the same size."""
    kinds = [(".pdf", 100_000, 500)] * 50 + [(".txt", 4_000, 1_000)] * 100
    mixed = [kinds[(7 * n) % len(kinds)] for n in range(len(kinds))]
    work = [(ahead(kind, size, n), {b"%d" % n: tokens}) for n, (kind, size, tokens) in enumerate(mixed)]
    true_after_a_minute(run_through(work, 100))


def test_the_time_left_is_right_where_later_files_differ() -> None:
    """Pages, of which the later ones have less text, then a kind that did not come yet, then copies of the first."""
    kinds = [(".html", 10_000, 2_000)] * 150 + [(".html", 10_000, 500)] * 150 + [(".pdf", 100_000, 900)] * 150
    work = [(ahead(kind, size, n), {b"%d" % n: tokens}) for n, (kind, size, tokens) in enumerate(kinds)]
    work += [(ahead(".txt", 9_000, 1_000 + n), {b"%d" % (n % 60): 2_000}) for n in range(150)]
    true_after_a_minute(run_through(work, 2_500))
