"""Figures of speed are remembered by machine and model, and never in the way."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from wherein.embed.batches import Batching
from wherein.embed.model import Model, load_model
from wherein.embed.models import speeds as module
from wherein.embed.models.speeds import Speed, fastest_batching, fastest_precision, measured_speeds, save_speeds


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
    monkeypatch.setattr(module, "CPU_INFO", tmp_path / "cpuinfo")
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


def test_the_fastest_batching_of_each_precision_is_remembered(tmp_path: Path, model: Model) -> None:
    assert fastest_batching(tmp_path, model, "w8a8") == Batching(512, 16)
    save_speeds(tmp_path, model, [Speed("w8a8", 1, 1, 1, 1024, 48), Speed("w8a32", 1, 1, 1, 0, 16)])
    assert fastest_batching(tmp_path, model, "w8a8") == Batching(1024, 48)
    assert fastest_batching(tmp_path, model, "w8a32") == Batching(0, 16)
    assert fastest_batching(tmp_path, replace(model, dimension=1), "w8a8") == Batching()
    assert fastest_batching(tmp_path, model, "w8a8", "GPU") == Batching()
    assert measured_speeds(tmp_path, model)["w8a8"]["batch_tokens"] == 1024
    assert measured_speeds(tmp_path, model, "GPU") is None


@pytest.mark.parametrize(
    ("name", "value"),
    [("length_step", 20), ("length_step", 0), ("length_step", 400), ("batch_tokens", -1), ("batch_tokens", 10**9),
     ("batch_tokens", "many"), ("length_step", None)],
)  # fmt: skip
def test_a_batching_that_would_change_vectors_or_waste_memory_is_not_used(
    tmp_path: Path, model: Model, name: str, value: object
) -> None:
    save_speeds(tmp_path, model, [Speed("w8a8", 1, 1, 1, 1024, 32)])
    path = tmp_path / "speeds.json"
    speeds_by_key = json.loads(path.read_text())
    (speeds_of,) = speeds_by_key.values()
    speeds_of["w8a8"][name] = value
    path.write_text(json.dumps(speeds_by_key))
    assert fastest_batching(tmp_path, model, "w8a8") == Batching()


def test_figures_from_before_batches_were_measured_still_count(tmp_path: Path, model: Model) -> None:
    save_speeds(tmp_path, model, speeds(2, 1))
    path = tmp_path / "speeds.json"
    speeds_by_key = json.loads(path.read_text())
    for by_precision in speeds_by_key.values():
        for figures in by_precision.values():
            del figures["batch_tokens"], figures["length_step"]
    path.write_text(json.dumps(speeds_by_key))
    assert fastest_precision(tmp_path, model) == "w8a8"
    assert fastest_batching(tmp_path, model, "w8a8") == Batching()
