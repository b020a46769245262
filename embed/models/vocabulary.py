"""The tokenizer of a model to import: its own `tokenizer.json`, or BERT's WordPiece built from a `vocab.txt`."""

from pathlib import Path

from tokenizers import Tokenizer
from tokenizers.models import WordPiece
from tokenizers.normalizers import BertNormalizer
from tokenizers.pre_tokenizers import BertPreTokenizer, FixedLength, Sequence
from tokenizers.processors import BertProcessing

from wherein.embed.tokenizer import Frame
from wherein.errors import Damaged, UsageError
from wherein.storage.disk.text_lines import decode_text

__all__ = ["check_frame", "read_tokenizer", "read_vocabulary"]

# WordPiece turns a longer word into a single [UNK], which loses its meaning, so longer words are split before.
_MAX_WORD_CHARACTERS = 100
_SPECIAL = ("[PAD]", "[UNK]", "[CLS]", "[SEP]")


def read_vocabulary(path: Path) -> Tokenizer:
    """Return the model card's tokenizer: lower case, no accents, `[CLS] … [SEP]`; `path` has one token per line.

    Raises Damaged when the file cannot be read, UsageError when it is not a vocabulary of BERT.
    """
    try:
        # Not splitlines(), which also splits at U+0085 or U+2028: a token with one of them would shift all later ids.
        lines = decode_text(path.read_bytes()).removesuffix("\n").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise Damaged(f"{path} cannot be read ({_reason(error)})") from error
    ids = {line.rstrip("\r"): number for number, line in enumerate(lines)}
    for token in _SPECIAL:
        if token not in ids:
            raise UsageError(f"{path} is not a vocabulary of BERT: it has no {token}")
    tokenizer = Tokenizer(WordPiece(ids, unk_token="[UNK]"))
    tokenizer.normalizer = BertNormalizer(lowercase=True)  # accents are stripped with lowercase, unless set otherwise
    tokenizer.pre_tokenizer = Sequence([BertPreTokenizer(), FixedLength(length=_MAX_WORD_CHARACTERS)])
    tokenizer.post_processor = BertProcessing(("[SEP]", ids["[SEP]"]), ("[CLS]", ids["[CLS]"]))
    tokenizer.add_special_tokens(list(_SPECIAL))
    return tokenizer


def read_tokenizer(path: Path) -> Tokenizer:
    """Return the tokenizer of a `tokenizer.json`, without truncation and padding.

    Raises Damaged when it cannot be read, UsageError when it puts special tokens into a text.
    """
    try:
        tokenizer = Tokenizer.from_str(decode_text(path.read_bytes()))
    except Exception as error:  # tokenizers raises Exception itself
        raise Damaged(f"{path} is not a readable tokenizer ({_reason(error)})") from error
    tokenizer.no_truncation()
    tokenizer.no_padding()
    try:
        Frame.of(tokenizer)
    except ValueError as error:
        raise UsageError(f"{path} cannot be used: it puts {error}") from error
    return tokenizer


def check_frame(tokenizer: Tokenizer, path: Path) -> None:
    """Raise UsageError unless an answer model's tokenizer puts one special token before a text and one after it."""
    frame = Frame.of(tokenizer)
    if (len(frame.before), len(frame.after)) != (1, 1):
        raise UsageError(f"{path} does not put one special token before a text and one after it")


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error).partition("\n")[0]
