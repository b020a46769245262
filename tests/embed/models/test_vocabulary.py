"""The tokenizers that are read from a vocabulary or a `tokenizer.json`."""

from pathlib import Path

from tokenizers import Tokenizer

from wherein.embed.model import DEFAULT_MODEL
from wherein.embed.models.vocabulary import read_vocabulary


def test_a_vocabulary_makes_the_tokenizer_of_the_shipped_model(tmp_path: Path) -> None:
    shipped = Tokenizer.from_file(str(DEFAULT_MODEL / "tokenizer.json"))
    vocabulary = shipped.get_vocab()
    (tmp_path / "vocab.txt").write_text("\n".join(sorted(vocabulary, key=vocabulary.__getitem__)) + "\n", "utf-8")
    made = read_vocabulary(tmp_path / "vocab.txt")
    for text in ("Où est la GARE?", "a\x01b\tc", "字字 mixed", "x" * 350, "[CLS] and [SEP]", "", "naïve—café's 1,000€"):
        assert made.encode(text).ids == shipped.encode(text).ids, text
        assert made.encode(text).offsets == shipped.encode(text).offsets, text
