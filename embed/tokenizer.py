"""Text to token ids, and where in the text each token stands."""

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import tokenizers
from tokenizers.models import WordPiece
from tokenizers.normalizers import BertNormalizer

from wherein.embed.model import TOKENIZER, Model, read_checked

__all__ = ["Question", "Tokenizer", "Words"]

# A token spans less than this many characters in any language; what is cut off here could never be kept.
_CHARACTERS_PER_TOKEN = 128
_BLOCK = 16_384
_BLOCKS_AT_ONCE = 16
_LONGEST_WORD = 2_000


@dataclass(frozen=True)
class Question:
    """A question's token ids, special tokens included, and the part of its text that did not fit ("" if none)."""

    ids: list[int]
    cut: str


@dataclass(frozen=True)
class Words:
    """A text's words: `start` [n] their first characters, `tokens` [n] their token counts, both int64.

    `unknown` of the tokens stand for what the model has no token for.

    `breaks` are the characters at which a word of thousands of letters had to be cut: a passage must end there,
    or its tokens are not the sum of its words' tokens. `ids` int32 [sum of tokens] are the tokens, one word after
    another; None where a word has others when a passage begins with it.
    """

    start: npt.NDArray[np.int64]
    tokens: npt.NDArray[np.int64]
    breaks: tuple[int, ...]
    unknown: int = 0
    ids: npt.NDArray[np.int32] | None = None

    @cached_property
    def before(self) -> npt.NDArray[np.int64]:
        """How many tokens precede each word, and at the end, how many there are: int64 [n + 1]."""
        return np.concatenate([[0], np.cumsum(self.tokens)])

    def count(self, first: int, after: int) -> int:
        """Return how many tokens a passage takes that is those words, [CLS] and [SEP] left out."""
        return int(self.before[after] - self.before[first])


class Tokenizer:
    """The model's own tokenizer, with the model's two lengths. Truncates contexts and questions, never pads."""

    def __init__(self, model: Model) -> None:
        self._tokenizer = tokenizers.Tokenizer.from_str(read_checked(model, TOKENIZER).decode("utf-8"))
        # A packaged tokenizer.json may cut and pad on its own account.
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        unknown = self._tokenizer.token_to_id("[UNK]")
        self._unknown = -1 if unknown is None else unknown
        self._special = self._tokenizer.encode("").ids
        # BERT's words are split up each on its own; others have one token for a blank and what follows.
        self._word_alone = (
            isinstance(self._tokenizer.model, WordPiece)
            and isinstance(self._tokenizer.normalizer, BertNormalizer)
            and len(self._special) == 2
        )
        self.context_tokens = model.context_tokens
        self.question_tokens = model.question_tokens

    def contexts(self, texts: Sequence[str]) -> list[list[int]]:
        """Return the ids of each text, special tokens included, at most `context_tokens` of them."""
        return [_cut(e.ids, self.context_tokens) for e in self._tokenizer.encode_batch_fast(list(texts))]

    def passages(self, texts: Sequence[str], words: Words, spans: Sequence[tuple[int, int]]) -> list[list[int]]:
        """Return the ids of texts that are each the words from one to before another, as `contexts` does, but faster.

        Half the work on a text that is cut into passages would be to tokenize it a second time.
        """
        if words.ids is None:
            return self.contexts(texts)
        first, last = self._special
        rows = (words.ids[words.before[a] : words.before[b]].tolist() for a, b in spans)
        return [_cut([first, *row, last], self.context_tokens) for row in rows]

    def question(self, text: str) -> Question:
        """Return a question's ids, at most `question_tokens`, and what was cut."""
        window = text[: self.question_tokens * _CHARACTERS_PER_TOKEN]
        encoding = self._tokenizer.encode(window)
        ids = _cut(encoding.ids, self.question_tokens)
        if len(ids) == len(encoding.ids):
            return Question(ids, text[len(window) :].strip())
        last_kept = encoding.offsets[self.question_tokens - 2][1]
        return Question(ids, text[last_kept:].strip())

    def words(self, text: str) -> Words:
        """Return where the text's words begin and how many tokens each takes.

        A word is what the tokenizer treats on its own: a run of letters, a punctuation mark, a CJK character,
        at most 100 characters of anything longer. So a passage that begins and ends where words begin has exactly
        the sum of their tokens, and two for [CLS] and [SEP].
        """
        blocks = list(_blocks(text))
        starts, tokens, ids = [], [], []
        for first in range(0, len(blocks), _BLOCKS_AT_ONCE):
            part = blocks[first : first + _BLOCKS_AT_ONCE]
            encodings = self._tokenizer.encode_batch([text[a:b] for a, b in part], add_special_tokens=False)
            for (begin, _), encoding in zip(part, encodings, strict=True):
                word_of_token = np.array(encoding.word_ids, dtype=np.int64)
                firsts = np.flatnonzero(np.diff(word_of_token, prepend=-1))
                offsets = np.array(encoding.offsets, dtype=np.int64).reshape(-1, 2)
                starts.append(begin + offsets[firsts, 0])
                tokens.append(np.diff(firsts, append=len(word_of_token)))
                ids.append(np.array(encoding.ids, dtype=np.int32))
        breaks = [a for a, _ in blocks[1:] if not _is_blank(text[a - 1])]
        if not starts:
            return Words(np.empty(0, np.int64), np.empty(0, np.int64), ())
        joined = np.concatenate(ids)
        unknown = int(np.count_nonzero(joined == self._unknown))
        return Words(
            np.concatenate(starts), np.concatenate(tokens), tuple(breaks), unknown, joined if self._word_alone else None
        )


def _blocks(text: str) -> Iterator[tuple[int, int]]:
    """Cut a text at blanks into spans of limited length, because an encoding takes 150 bytes a token."""
    start = 0
    while start < len(text):
        end = min(start + _BLOCK, len(text))
        if end < len(text):
            blank = next((i for i in range(end, max(start, end - _LONGEST_WORD), -1) if _is_blank(text[i - 1])), end)
            end = blank
        yield start, end
        start = end


def _is_blank(character: str) -> bool:
    """Whether BERT's normaliser makes a blank of it; control characters that Python calls blank it deletes."""
    return character in "\t\n\r" or (character.isspace() and unicodedata.category(character) != "Cc")


def _cut(ids: list[int], limit: int) -> list[int]:
    return ids if len(ids) <= limit else [*ids[: limit - 1], ids[-1]]
