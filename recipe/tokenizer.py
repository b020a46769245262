"""Make tokenizer.json: BERT's lower-casing WordPiece, without truncation and padding."""

from pathlib import Path

from tokenizers import Tokenizer
from tokenizers.pre_tokenizers import BertPreTokenizer, FixedLength, Sequence

# WordPiece turns a longer word into a single [UNK], which loses its meaning, so longer words are split before.
MAX_WORD_CHARACTERS = 100


def load(path: Path) -> Tokenizer:
    """Return the packaged tokenizer without truncation and padding; words are split after 100 characters."""
    tokenizer = Tokenizer.from_file(str(path))
    tokenizer.no_truncation()
    tokenizer.no_padding()
    tokenizer.pre_tokenizer = Sequence([BertPreTokenizer(), FixedLength(length=MAX_WORD_CHARACTERS)])
    return tokenizer
