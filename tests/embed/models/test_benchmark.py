"""Figures of speed are measured, remembered by machine and model, and never in the way."""

from dataclasses import replace
from pathlib import Path

import pytest

from tiny import write_tiny
from wherein.embed.model import Model, load_model
from wherein.embed.models import benchmark as module
from wherein.embed.models.benchmark import Speed, benchmark, fastest_precision, measure, save_speeds
from wherein.embed.models.importing import add_model
from wherein.errors import UsageError


@pytest.fixture
def model() -> Model:
    return load_model()


def speeds(w8a8: float, w8a32: float) -> list[Speed]:
    return [Speed("w8a8", 1, w8a8, 1), Speed("w8a32", 9, w8a32, 9)]


def test_the_fastest_precision_is_that_of_short_contexts(tmp_path: Path, model: Model) -> None:
    assert fastest_precision(tmp_path, model) is None
    save_speeds(tmp_path / "cache", model, speeds(2, 1))
    assert fastest_precision(tmp_path / "cache", model) == "w8a8"
    save_speeds(tmp_path / "cache", model, speeds(1, 2))
    assert fastest_precision(tmp_path / "cache", model) == "w8a32"


def test_figures_belong_to_a_model_and_a_machine(tmp_path: Path, model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    other = replace(model, dimension=1)
    save_speeds(tmp_path, model, speeds(2, 1))
    save_speeds(tmp_path, other, speeds(1, 2))
    assert (fastest_precision(tmp_path, model), fastest_precision(tmp_path, other)) == ("w8a8", "w8a32")
    (tmp_path / "cpuinfo").write_text("model name : Another\n")
    monkeypatch.setattr(module, "_CPU_INFO", tmp_path / "cpuinfo")
    assert fastest_precision(tmp_path, model) is None


def test_one_precision_alone_decides_nothing(tmp_path: Path, model: Model) -> None:
    save_speeds(tmp_path, model, speeds(2, 1)[:1])
    assert fastest_precision(tmp_path, model) is None


@pytest.mark.parametrize("content", ["", "{", "[]", "null"])
def test_a_damaged_file_counts_for_nothing_and_is_replaced(tmp_path: Path, model: Model, content: str) -> None:
    (tmp_path / "speeds.json").write_text(content)
    assert fastest_precision(tmp_path, model) is None
    save_speeds(tmp_path, model, speeds(2, 1))
    assert fastest_precision(tmp_path, model) == "w8a8"


def test_a_cache_that_cannot_be_written_is_no_error(tmp_path: Path, model: Model) -> None:
    (tmp_path / "file").write_text("")
    save_speeds(tmp_path / "file", model, speeds(2, 1))
    assert fastest_precision(tmp_path / "file", model) is None


def test_a_model_is_measured(tiny: Path, models: Path) -> None:
    speed = measure(add_model(tiny, models).model, "w8a8", 0.01)  # type: ignore[arg-type]
    assert speed.precision == "w8a8"
    assert min(speed.contexts, speed.short_contexts, speed.questions) > 0


def test_an_installed_model_is_measured_at_every_precision(tiny: Path, models: Path, tmp_path: Path) -> None:
    add_model(tiny, models)
    reports: list[str] = []
    model, found = benchmark("tiny", 0.01, cache=tmp_path / "cache", report=reports.append)
    assert [speed.precision for speed in found] == ["w8a8", "w8a32"]
    assert reports == ["tiny at w8a8", "tiny at w8a32"]
    fastest = max(found, key=lambda speed: speed.short_contexts).precision
    assert fastest_precision(tmp_path / "cache", model) == fastest
    with pytest.raises(UsageError, match="There is no model nothing"):
        benchmark("nothing", 0.01, cache=tmp_path)


def test_a_text_of_a_wanted_length(tmp_path: Path, models: Path) -> None:
    from wherein.embed.encoder import Encoder

    encoder = Encoder(add_model(write_tiny(tmp_path / "zoo"), models).model, "w8a8")  # type: ignore[arg-type]
    for length in (3, 32, 160, 384):
        ids = module._ids(encoder, length)
        assert len(ids) == length
        assert ids[-1] == encoder.tokenizer.contexts(["x"])[0][-1]
