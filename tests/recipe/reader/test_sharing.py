"""What two models have in common is stored once, and the graph still gives the same."""

import json

import numpy as np
import pytest

from toy_reader import INPUTS, OUTPUTS, describe, write_graph
from wherein.embed.answer_extractor import AnswerExtractor, load_answer_model
from wherein.embed.model import DEFAULT_MODEL, SHARED, TOKENIZER, WEIGHTS
from wherein.errors import Damaged
from wherein.recipe.reader import sharing

ROWS = 30_522


def write(folder, common, own):
    """Write an answer model whose logits are the rows of two tables."""

    def body(ops, inputs):
        tables = (ops.constant(common), ops.constant(own))
        return tuple(ops.gather(table, inputs["input_ids"], ops.constant(0)) for table in tables)

    return write_graph(folder, body, length=-1, inputs=INPUTS, outputs=OUTPUTS)


def logits(folder):
    (window,) = AnswerExtractor(load_answer_model(folder), "w8a32").windows("Who?", "Ada wrote this.")
    return window.start.tolist(), window.end.tolist()


@pytest.fixture
def tables():
    return np.random.default_rng(2).standard_normal((3, ROWS)).astype(np.float32)


def shared_model(tmp_path, tables):
    base = write(tmp_path / "default", tables[0], tables[1])
    folder = write(tmp_path / "reader", tables[0], tables[2])
    before = logits(folder)
    assert sharing.share(folder, base) == 4 * ROWS
    (folder / TOKENIZER).unlink()
    (base / TOKENIZER).write_bytes((DEFAULT_MODEL / TOKENIZER).read_bytes())
    described = json.loads((folder / "model.json").read_text())
    names = ("model.xml", WEIGHTS, SHARED + WEIGHTS, SHARED + TOKENIZER)
    digests = {name: {"sha256": _digest(folder / name)} for name in names}
    (folder / "model.json").write_text(json.dumps({**described, "files": digests}))
    return base, folder, before


def _digest(path):
    import hashlib

    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_the_logits_stay_and_the_bytes_are_fewer(tmp_path, tables):
    _, folder, before = shared_model(tmp_path, tables)
    assert logits(folder) == before
    assert 4 * ROWS <= (folder / WEIGHTS).stat().st_size < 5 * ROWS


@pytest.mark.parametrize("name", [WEIGHTS, TOKENIZER])
def test_damage_to_what_is_shared_is_noticed(tmp_path, tables, name):
    base, folder, _ = shared_model(tmp_path, tables)
    data = bytearray((base / name).read_bytes())
    data[len(data) // 2] ^= 1
    (base / name).write_bytes(data)
    with pytest.raises(Damaged, match=f"default/{name}".replace(".", r"\.")):
        logits(folder)


def test_models_without_anything_in_common(tmp_path, tables):
    base = write(tmp_path / "default", tables[0], tables[1])
    folder = describe(write(tmp_path / "reader", tables[2], tables[2][::-1].copy()))
    assert sharing.share(folder, base) == 0
