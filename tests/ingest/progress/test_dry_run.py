"""A dry run counts what a run would embed, and keeps a sample of it to be timed."""

from toy import ToyEncoder
from wherein.ingest.progress.dry_run import DryRunQueue, Plan, Sample
from wherein.ingest.title_vectors import TokenizedInput

A, B, C = b"a" * 32, b"b" * 32, b"c" * 32


def test_figures_by_name() -> None:
    plan = Plan(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13.5)
    assert list(plan.as_dict().values()) == [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13.5]
    assert plan.as_dict()["gone"] == 6


def test_all_tokens_are_counted_and_some_texts_kept() -> None:
    sample = Sample()
    for number in range(1_000):
        sample.add([number] * 3)
    assert sample.tokens == 3_000
    assert len(sample._kept) == 48
    assert len({row[0] for row in sample._kept}) == 48
    assert max(row[0] for row in sample._kept) > 500  # it is of all texts, not of the first ones


def test_a_sample_is_the_same_in_every_run() -> None:
    samples = [Sample(), Sample()]
    for sample in samples:
        for number in range(500):
            sample.add([number])
    assert samples[0]._kept == samples[1]._kept


def test_the_time_of_the_sample_is_scaled_to_all_tokens() -> None:
    assert Sample().seconds(ToyEncoder()) == 0  # type: ignore[arg-type]
    sample = Sample()
    for _ in range(10):
        sample.add([1, 7, 2])
    assert sample.seconds(ToyEncoder()) > 0  # type: ignore[arg-type]


def test_nothing_is_written_and_what_follows_a_commit_is_called_in_order() -> None:
    sample, events = Sample(), list[str]()
    queue = DryRunQueue(sample, lambda: events.append("committed"))
    queue.prepare()
    queue.add(lambda: events.append("written"), frozenset([A]), lambda: events.append("first"))
    queue.add(lambda: events.append("written"), done=lambda: events.append("second"))
    queue.add_alone("step", lambda: events.append("written"))
    queue.embed(iter([TokenizedInput(A, [1, 2]), TokenizedInput(B, [1, 2, 3])]), lambda: False)
    assert events == ["first", "second", "committed"]
    assert sample.tokens == 5
    queue.embed(iter([]), lambda: False)
    assert events[3:] == ["committed"]


def test_each_model_input_is_claimed_once() -> None:
    queue = DryRunQueue(Sample(), lambda: None)
    assert queue.claim([A, B]) == [A, B]
    assert queue.claim([B, C]) == [C]
    assert queue.is_claimed(A)
    queue.embed(iter([TokenizedInput(A, [1])]), lambda: False)
    assert queue.claim([A]) == []  # a run would have its vector by now
    assert not queue.is_claimed(b"d" * 32)
