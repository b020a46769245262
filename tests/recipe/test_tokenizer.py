"""The packaged tokenizer becomes the model's."""

from tokenizers import Tokenizer

from wherein.recipe import tokenizer


def test_the_packaged_tokenizer_loses_its_limits(words, tmp_path):
    limited = Tokenizer.from_str(words.to_str())
    limited.enable_truncation(128)
    limited.enable_padding(length=128)
    limited.save(str(tmp_path / "tokenizer.json"))
    assert tokenizer.load(tmp_path / "tokenizer.json").to_str() == words.to_str()
