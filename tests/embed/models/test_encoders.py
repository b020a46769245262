"""An encoder has the model that was chosen, and the precision and batches that were measured as the fastest."""

from pathlib import Path

import pytest

from wherein.embed.batches import Batching
from wherein.embed.devices import CPU
from wherein.embed.model import load_model
from wherein.embed.models.encoders import encoder_for_contexts, encoder_for_new_library
from wherein.embed.models.importing import add_model
from wherein.embed.models.speeds import Speed, save_speeds
from wherein.embed.precision import resolve_precision
from wherein.errors import UsageError


def test_where_nothing_was_measured_a_new_library_has_the_shipped_model_and_what_suits_the_cpu(tmp_path: Path) -> None:
    for cache in (None, tmp_path):
        encoder = encoder_for_new_library(None, "auto", cache, 0, None)
        assert (encoder.model, encoder.precision) == (load_model(), resolve_precision("auto"))
        assert (encoder.device, encoder.batching) == (CPU, Batching())


def test_what_was_measured_is_used(tmp_path: Path) -> None:
    save_speeds(tmp_path, load_model(), [Speed("w8a8", 1, 1, 1, 0, 32), Speed("w8a32", 1, 2, 1, 1024, 48)])
    encoder = encoder_for_new_library(None, "auto", tmp_path, 0, "cpu".upper())
    assert (encoder.precision, encoder.batching) == ("w8a32", Batching(1024, 48))
    encoder = encoder_for_new_library(None, "w8a8", tmp_path, 0, None)
    assert (encoder.precision, encoder.batching) == ("w8a8", Batching(0, 32))
    assert encoder_for_contexts(load_model(), "w8a32", tmp_path, 0, CPU).batching == Batching(1024, 48)
    assert encoder_for_contexts(load_model(), "w8a32", None, 0, CPU).batching == Batching()


def test_a_chosen_model_or_device_that_is_not_there(tiny: Path, models: Path) -> None:
    add_model(tiny, models)
    assert encoder_for_new_library("tiny", "auto", None, 0, None).model.name == "tiny"
    with pytest.raises(UsageError, match="There is no model nothing"):
        encoder_for_new_library("nothing", "auto", None, 0, None)
    with pytest.raises(UsageError, match="There is no device NPU here"):
        encoder_for_new_library(None, "auto", None, 0, "NPU")


@pytest.mark.parametrize("batching", [Batching(0), Batching(1024), Batching(512, 32), Batching(512, 48)])
def test_batches_change_no_vector(batching: Batching) -> None:
    texts = ["The lease ends in May.", "word " * 70, "word " * 90, "word " * 300, "", "x"] * 2
    default = encoder_for_contexts(load_model(), resolve_precision("auto"), None, 0, CPU)
    vectors = default.encode_contexts(texts)
    default.set_batching(batching)
    assert (default.encode_contexts(texts) == vectors).all()
