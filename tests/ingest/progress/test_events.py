"""The figures at the end of a run."""

from collections import Counter

from wherein.ingest.progress.events import Summary, summarize


def test_a_tally_becomes_a_summary() -> None:
    tally = Counter(new=1, changed=2, chunks=30, embedded=20, reused=10, other=99)
    summary = summarize(tally, 1.23456)
    assert summary == Summary(1, 2, 0, 0, 0, 0, 0, 30, 20, 10, 1.235)
    assert list(summary.as_dict().items())[-3:] == [("reused", 10), ("seconds", 1.235), ("brought_back", 0)]
