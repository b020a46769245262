"""The model's tokenizer: lengths, offsets, and the words of a text."""

from pathlib import Path

import pytest

from bit_flip import flip
from wherein.embed.model import load_model
from wherein.embed.tokenizer import Tokenizer
from wherein.errors import Damaged


def test_the_tokenizer_alone_notices_damage(copied: Path) -> None:
    flip(copied / "tokenizer.json", 100_000)
    with pytest.raises(Damaged):
        Tokenizer(load_model(copied))
