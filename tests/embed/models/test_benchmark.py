"""Figures of speed are measured at every precision, with the batches that are fastest."""

from pathlib import Path

import pytest

from tiny import write_tiny
from wherein.embed.batches import Batching
from wherein.embed.encoder import Encoder
from wherein.embed.models import benchmark as module
from wherein.embed.models.benchmark import benchmark, measure
from wherein.embed.models.importing import add_model
from wherein.embed.models.speeds import fastest_batching, fastest_precision
from wherein.errors import UsageError


def test_a_model_is_measured(tiny: Path, models: Path) -> None:
    speed = measure(add_model(tiny, models).model, "w8a8", 0.01)  # type: ignore[arg-type]
    assert speed.precision == "w8a8"
    assert min(speed.contexts, speed.short_contexts, speed.questions) > 0


@pytest.mark.slow
def test_an_installed_model_is_measured_at_every_precision(tiny: Path, models: Path, tmp_path: Path) -> None:
    add_model(tiny, models)
    reports: list[str] = []
    model, found = benchmark("tiny", 0.01, cache=tmp_path / "cache", report=reports.append)
    assert [speed.precision for speed in found] == ["w8a8", "w8a32"]
    assert reports == ["tiny at w8a8", "tiny at w8a32"]
    fastest = max(found, key=lambda speed: speed.short_contexts).precision
    assert fastest_precision(tmp_path / "cache", model) == fastest
    for speed in found:
        batching = Batching(speed.batch_tokens, speed.length_step)
        assert fastest_batching(tmp_path / "cache", model, speed.precision) == batching
    with pytest.raises(UsageError, match="There is no model nothing"):
        benchmark("nothing", 0.01, cache=tmp_path)


def test_a_text_of_a_wanted_length(tmp_path: Path, models: Path) -> None:
    encoder = Encoder(add_model(write_tiny(tmp_path / "zoo"), models).model, "w8a8")  # type: ignore[arg-type]
    for length in (3, 32, 160, 384):
        ids = module._ids(encoder, length)
        assert len(ids) == length
        assert ids[-1] == encoder.tokenizer.contexts(["x"])[0][-1]


@pytest.mark.parametrize(
    ("rates", "best"),
    [
        ({}, Batching()),
        ({Batching(1024): 1.04}, Batching()),  # that may be chance
        ({Batching(1024): 1.06}, Batching(1024)),
        ({Batching(0): 1.2, Batching(1024, 32): 1.3}, Batching(1024, 32)),
    ],
)
def test_another_batching_is_kept_only_when_it_is_clearly_faster(
    tiny: Path, models: Path, monkeypatch: pytest.MonkeyPatch, rates: dict[Batching, float], best: Batching
) -> None:
    encoder = Encoder(add_model(tiny, models).model, "w8a8")  # type: ignore[arg-type]
    monkeypatch.setattr(module, "_mixed_rate", lambda encoder, *_: rates.get(encoder.batching, 1.0))
    assert module._fastest_batching(encoder, 0.01) == best
