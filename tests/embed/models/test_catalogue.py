"""The rows of `wherein model list`, and what `wherein model show` says of a model."""

import json
import os
from pathlib import Path

import pytest

from toy_reader import echo, write_graph
from wherein.embed.model import DEFAULT_MODEL, DEFAULT_READER, WEIGHTS, load_model
from wherein.embed.models.catalogue import describe_model, fetch, model_summaries
from wherein.embed.models.importing import ImportOptions, add_model
from wherein.embed.models.installed import fingerprints
from wherein.embed.models.zoo import ZOO
from wherein.errors import Damaged, UsageError


def states() -> dict[str, tuple[str, str]]:
    return {summary.name: (summary.kind, summary.state) for summary in model_summaries()}


def test_the_shipped_model_and_those_that_can_be_fetched(models: Path) -> None:
    assert list(states().items()) == [
        (load_model().name, ("embedding", "shipped")),
        ("wherein-minilm-reader-int8", ("reader", "shipped")),
        *((name, (entry.kind, "available")) for name, entry in ZOO.items()),
        ("multilingual", ("embedding", "available")),
    ]
    shipped, reader, small, *_ = model_summaries()
    assert (shipped.dimension, shipped.metric, shipped.folder) == (384, "cosine", str(DEFAULT_MODEL))
    assert 90.5 <= (shipped.top_5 or 0) <= 91
    assert (reader.dimension, reader.metric, reader.folder) == (0, "", str(DEFAULT_READER))
    # Without what it shares with the encoder.
    assert reader.bytes == sum(path.stat().st_size for path in DEFAULT_READER.iterdir() if path.name != "model.json")
    described = describe_model(reader.name)
    assert (described["state"], described["damage"]) == ("shipped", [])
    assert (small.dimension, small.metric, small.top_5, small.folder) == (1024, "l2", 87.6, "")
    assert small.bytes == next(iter(ZOO.values())).download_bytes()


def test_an_installed_model_is_listed_instead_of_the_one_to_fetch(tiny: Path, models: Path) -> None:
    name = next(iter(ZOO))
    add_model(tiny, models, ImportOptions(name=name))
    assert states()[name] == ("embedding", "installed")
    assert len(states()) == 3 + len(ZOO)


def test_damage_shows_in_the_size_or_in_the_manifest(tiny: Path, models: Path) -> None:
    folder = add_model(tiny, models).model.folder
    os.truncate(folder / WEIGHTS, 10)
    assert states()["tiny"] == ("embedding", "damaged")
    (folder / "model.json").write_text("{")
    assert states()["tiny"] == ("embedding", "damaged")


def test_an_answer_model_has_no_dimension(tmp_path: Path, models: Path) -> None:
    add_model(write_graph(tmp_path / "zoo", echo), models, ImportOptions(name="answers"))
    (summary,) = (summary for summary in model_summaries() if summary.name == "answers")
    assert (summary.kind, summary.dimension, summary.metric, summary.state) == ("reader", 0, "", "installed")
    described = describe_model("answers")
    assert (described["kind"], described["state"], described["damage"]) == ("reader", "installed", [])
    assert "fingerprints" not in described


def test_the_accuracy_at_int8_is_preferred(tiny: Path, models: Path) -> None:
    folder = add_model(tiny, models).model.folder
    manifest = json.loads((folder / "model.json").read_text("utf-8"))
    for figures, expected in (
        ({"w8a8": {"top_5": 80}, "w8a32": {"top_5": 81}, "published": {"top_5": 82}}, 80),
        ({"w8a32": {"top_5": 81}, "published": {"top_5": 82}}, 81),
        ({"w8a8": {"top_1": 50}, "published": {"top_5": 82}}, 82),
        ({}, None),
        ([], None),
    ):
        (folder / "model.json").write_text(json.dumps({**manifest, "accuracy": {"squad-v1.1-dev": figures}}))
        (summary,) = (summary for summary in model_summaries() if summary.name == "tiny")
        assert summary.top_5 == expected


def test_an_installed_model_is_described_with_its_damage(tiny: Path, models: Path) -> None:
    model = add_model(tiny, models).model
    described = describe_model("tiny")
    assert (described["state"], described["folder"], described["damage"]) == ("installed", str(models / "tiny"), [])
    assert described["fingerprints"] == fingerprints(model)  # type: ignore[arg-type]
    os.truncate(model.folder / WEIGHTS, 10)
    (problem,) = describe_model("tiny")["damage"]
    assert "model.bin is damaged" in problem
    assert describe_model(load_model().name)["state"] == "shipped"


def test_a_model_that_can_be_fetched_is_described_from_the_catalogue(models: Path) -> None:
    name, entry = next(iter(ZOO.items()))
    described = describe_model(name)
    assert (described["state"], described["name"], described["metric"]) == ("available", name, "l2")
    assert described["variants"]["FP32-INT8"]["vocab.txt"]["bytes"] == 231_508
    assert set(described["variants"]) == set(entry.variants)


def test_what_is_no_model(models: Path) -> None:
    for name in ("nothing", ""):
        with pytest.raises(UsageError, match="see: wherein model list"):
            describe_model(name)
    with pytest.raises(UsageError, match="The catalogue has no model nothing; see: wherein model list"):
        fetch("nothing", None, None, lambda *_: None)
    (models / "broken").mkdir(parents=True)
    (models / "broken" / "model.json").write_text("{")
    with pytest.raises(Damaged, match=r"broken/model\.json"):
        describe_model("broken")
