"""What the tests of the recipe share: the tokenizer, a small corpus, and the weights of a network of one layer."""

import pytest
from tokenizers import Tokenizer

from squad_files import write
from wherein.embed.model import DEFAULT_MODEL, TOKENIZER
from wherein.recipe import pairs
from wherein.recipe.extra import require


@pytest.fixture(scope="session")
def words():
    return Tokenizer.from_file(str(DEFAULT_MODEL / TOKENIZER))


@pytest.fixture
def corpus(tmp_path):
    sentences = [(number, f"Who is {number}?", f"A sentence of its own about {number}.") for number in range(20)]
    return pairs.read_corpus(write(tmp_path, sentences))


@pytest.fixture
def base(monkeypatch):
    """One layer of 16; the vocabulary stays, because the tokenizer is the real one."""
    torch = pytest.importorskip("torch", reason="the network is torch's; install wherein[recipe]")
    body = require("wherein.recipe.body")
    for name, size in {"LAYERS": 1, "HEADS": 2, "HIDDEN": 16, "INNER": 32}.items():
        monkeypatch.setattr(body, name, size)
    torch.manual_seed(5)
    return body.Body().state_dict()
