"""How a generation is searched: the choice of a method, and its record."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from approximate_libraries import Opened, choose
from wherein.storage.index.method import (
    CHOICES,
    EXACT,
    HNSW,
    IVF,
    Method,
    Step,
    chosen_index,
    decode_method,
    encode_method,
    method_for,
)


def test_auto_depends_on_the_number_of_vectors(empty: Opened) -> None:
    assert chosen_index(empty.db) == "auto"
    assert [method_for(empty.db, count, 384) for count in (0, 99, 50_000, 50_001)] == [EXACT, EXACT, EXACT, IVF]
    assert method_for(empty.db, 50_000, 1024) == IVF
    choose(empty.db, HNSW)
    assert (method_for(empty.db, 1_000_000, 384), method_for(empty.db, 50, 384)) == (HNSW, EXACT)


STEPS = st.builds(
    Step, st.integers(1, 1000), st.integers(1, 10**6), st.integers(1, 10**6), st.floats(0, 1, allow_nan=False)
)
METHODS = st.builds(
    Method,
    name=st.sampled_from([EXACT, IVF, HNSW]),
    asked=st.sampled_from([EXACT, IVF, HNSW]),
    size=st.integers(0, 10**6),
    steps=st.lists(STEPS, max_size=3).map(tuple),
    error=st.floats(0, 10),
    head=st.integers(0, 2**40),
    head_sha256=st.text("0123456789abcdef", max_size=64),
)


@given(METHODS, st.text(), st.integers())
def test_a_method_is_decoded_as_it_was_encoded(method: Method, file: str, count: int) -> None:
    raw = encode_method(method, file, count)
    assert decode_method(raw, file, count) == method
    if raw:
        with pytest.raises(ValueError, match="not what was registered"):
            decode_method(raw, file, count + 1)


@given(st.integers(1, 5_000))
def test_more_results_take_no_less_effort(k: int) -> None:
    method = Method(IVF, IVF, 100, (Step(10, 20, 14, 0.99), Step(100, 45, 120, 0.99)))
    step, more = method.step(k), method.step(k + 1)
    assert step.candidates >= step.k == k
    assert (more.effort, more.candidates) >= (step.effort, step.candidates)
    assert method.step(10) == method.steps[0]
    assert method.step(200) == Step(200, 90, 240, 0.99)


def test_a_damaged_choice_counts_as_none(empty: Opened) -> None:
    for name in CHOICES:
        choose(empty.db, name)
        assert chosen_index(empty.db) == name
    choose(empty.db, "flat")
    assert chosen_index(empty.db) == "auto"


def test_the_recall_of_a_method_is_that_of_its_smallest_step() -> None:
    assert Method().recall == 1
    assert Method(IVF, IVF, steps=(Step(10, 20, 14, 0.991), Step(50, 45, 60, 0.995))).recall == 0.991
