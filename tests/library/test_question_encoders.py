"""Which encoder a question gets while others are asked."""

import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest

from toy import ToyEncoder
from wherein.embed.encoder import Encoder
from wherein.embed.model import load_model
from wherein.library import question_encoders
from wherein.library.question_encoders import QuestionEncoders


class SlowEncoder(ToyEncoder):
    """A toy that is loaded when the test says so; `shift` changes its vectors."""

    is_ready = False

    def __init__(self, shift: float = 0.0) -> None:
        super().__init__()
        self.shift = shift

    def encode_question(self, text: str):  # type: ignore[no-untyped-def]
        vector, question = super().encode_question(text)
        return vector + np.float32(self.shift), question


@pytest.fixture(autouse=True)
def four_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(question_encoders.os, "cpu_count", lambda: 4)


def encoders(shared: SlowEncoder) -> tuple[ToyEncoder, QuestionEncoders, list[int]]:
    alone, made = ToyEncoder(), list[int]()

    def make(threads: int) -> SlowEncoder:
        made.append(threads)
        return shared

    return alone, QuestionEncoders(alone, make), made  # type: ignore[arg-type]


def test_the_encoder_with_half_of_the_cores_is_lent_once_it_is_loaded_and_only_beside_others() -> None:
    shared = SlowEncoder()
    alone, lender, made = encoders(shared)
    with lender.lend("a") as first:
        assert first is alone
        assert made == []
        with lender.lend("b") as second:
            assert second is alone  # nobody waits for the other one
        shared.is_ready = True
        with lender.lend("c") as third, lender.lend("d") as fourth:
            assert third is fourth is shared
    assert made == [2]
    with lender.lend("e") as last:
        assert last is alone


def test_an_encoder_that_makes_other_vectors_is_not_lent() -> None:
    shared = SlowEncoder(shift=1e-7)
    shared.is_ready = True
    alone, lender, made = encoders(shared)
    for _ in range(2):
        with lender.lend("a"), lender.lend("cats sleep") as second:
            assert second is alone
    assert made == [2]


@pytest.mark.parametrize("cores", [1, None])
def test_one_core_needs_no_other_encoder(monkeypatch: pytest.MonkeyPatch, cores: int | None) -> None:
    monkeypatch.setattr(question_encoders.os, "cpu_count", lambda: cores)
    alone, lender, made = encoders(SlowEncoder())
    with lender.lend("a"), lender.lend("b") as second:
        assert second is alone
    assert made == []


def test_a_question_that_fails_no_longer_counts() -> None:
    alone, lender, made = encoders(SlowEncoder())
    with pytest.raises(ValueError, match="no"), lender.lend("a"):
        raise ValueError("no")
    with lender.lend("b") as encoder:
        assert encoder is alone
    assert made == []


def test_the_shipped_model_has_equal_vectors_with_half_of_the_cores(compiled_cache: Path) -> None:
    alone = Encoder(load_model(), "w8a8", cache=compiled_cache, one_by_one=True)
    made: list[Encoder] = []

    def make(threads: int) -> Encoder:
        made.append(alone.with_threads(threads))
        return made[0]

    lender = QuestionEncoders(alone, make)
    with ExitStack() as others:
        others.enter_context(lender.lend("one"))
        assert others.enter_context(lender.lend("two")) is alone
        wait_until(lambda: made[0].is_ready)
        assert others.enter_context(lender.lend("Where is the harbour crane?")) is made[0]


def wait_until(holds: Callable[[], bool]) -> None:
    while not holds():
        time.sleep(0.01)
