"""A tokenizer for a model that was taken in: its own `tokenizer.json`, or BERT's WordPiece from a `vocab.txt`."""

from pathlib import Path

from tokenizers import Tokenizer
from tokenizers.models import WordPiece
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer, FixedLength, Sequence
from tokenizers.processors import BertProcessing

from wherein.errors import Damaged, UsageError

__all__ = ["read_tokenizer", "read_vocabulary"]

# WordPiece turns a longer word into a single [UNK], and its meaning is lost; so it is cut before.
_WORD = 100
_SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]")


def read_vocabulary(path: Path) -> Tokenizer:
    """Return the tokenizer of the model card: lower case, no accents, `[CLS] … [SEP]`; a line of `path` is a token.

    Raises UsageError when it is no vocabulary of BERT.
    """
    try:
        lines = path.read_text("utf-8").removesuffix("\n").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise Damaged(f"{path} cannot be read ({_reason(error)})") from error
    ids = {line.rstrip("\r"): number for number, line in enumerate(lines)}
    for token in _SPECIAL:
        if token not in ids:
            raise UsageError(f"{path} is no vocabulary of BERT: it has no {token}")
    tokenizer = Tokenizer(WordPiece(ids, unk_token="[UNK]"))
    tokenizer.normalizer = BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = Sequence([BertPreTokenizer(), FixedLength(length=_WORD)])
    tokenizer.post_processor = BertProcessing(("[SEP]", ids["[SEP]"]), ("[CLS]", ids["[CLS]"]))
    tokenizer.add_special_tokens(list(_SPECIAL))
    return tokenizer


def read_tokenizer(path: Path) -> Tokenizer:
    """Return the tokenizer of a `tokenizer.json`. Raises Damaged when it is none, UsageError when it does not fit."""
    try:
        tokenizer = Tokenizer.from_str(path.read_text("utf-8"))
    except Exception as error:  # tokenizers raises Exception itself
        raise Damaged(f"{path} is not a readable tokenizer ({_reason(error)})") from error
    tokenizer.no_truncation()
    tokenizer.no_padding()
    mask = tokenizer.encode("a").special_tokens_mask
    if sum(mask) != 2 or not mask[0] or not mask[-1]:
        raise UsageError(f"{path} does not put one special token before a text and one after it")
    return tokenizer


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error).partition("\n")[0]
