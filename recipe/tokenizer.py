"""tokenizer.json: BERT's lower-casing WordPiece, without limits of its own."""

from pathlib import Path

from tokenizers import Tokenizer
from tokenizers.pre_tokenizers import BertPreTokenizer, FixedLength, Sequence

# WordPiece turns a longer word into a single [UNK], and its meaning is lost; so it is cut before.
WORD = 100


def load(path: Path) -> Tokenizer:
    """The packaged tokenizer without truncation or padding; words are cut after 100 characters."""
    tokenizer = Tokenizer.from_file(str(path))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    tokenizer.pre_tokenizer = Sequence([BertPreTokenizer(), FixedLength(length=WORD)])
    return tokenizer
