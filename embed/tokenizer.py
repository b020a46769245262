"""Text to token ids, and the words of a text with their offsets and token counts."""

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

# No token spans this many characters in any language, so the text beyond this limit could never be kept.
_MAX_CHARACTERS_PER_TOKEN = 128
# A text is tokenized in blocks, because an `Encoding` takes 150 bytes per token.
_BLOCK_CHARACTERS = 16_384
# Blocks in one call of `encode_batch`, which works on them in parallel and returns all their encodings at once.
_BATCH_SIZE = 16
# How far before the end of a block a space is looked for; a longer run of letters is split there.
_MAX_WORD_CHARACTERS = 2_000


@dataclass(frozen=True)
class Question:
    """A question's token ids, special tokens included, and `cut`, the end of its text that did not fit ("" if none).

    `characters_per_token` is how many characters a token stands for on average; an unknown one stands for none. It is
    about 4 in a language whose words are in the vocabulary, and 1 in a script of which it has only the letters.
    """

    ids: list[int]
    cut: str
    characters_per_token: float


@dataclass(frozen=True)
class Words:
    """The n words of a text.

    `start` [n] holds the offset of each word's first character and `tokens` [n] its number of tokens, both int64.
    `breaks` are the offsets at which a run of thousands of letters had to be split: a chunk must end there, or its
    tokens are not the sum of its words' tokens. `unknown` counts the tokens that are [UNK]. `ids`, int32
    [sum of tokens], are the tokens of all words in order; None if the tokenizer may split a word differently at the
    start of a chunk.
    """

    start: npt.NDArray[np.int64]
    tokens: npt.NDArray[np.int64]
    breaks: tuple[int, ...]
    unknown: int = 0
    ids: npt.NDArray[np.int32] | None = None

    @cached_property
    def before(self) -> npt.NDArray[np.int64]:
        """The number of tokens before each word, and at the end their total: int64 [n + 1]."""
        before = np.zeros(len(self.tokens) + 1, np.int64)
        np.cumsum(self.tokens, out=before[1:])
        return before

    def count(self, first: int, end: int) -> int:
        """Return the number of tokens of the words `first` to `end` (exclusive), without [CLS] and [SEP]."""
        return int(self.before[end] - self.before[first])


class Tokenizer:
    """A model's tokenizer, with the model's two lengths. Truncates contexts and questions, never pads.

    Raises Damaged when `tokenizer.json` is not the manifest's.
    """

    def __init__(self, model: Model) -> None:
        self._tokenizer = tokenizers.Tokenizer.from_str(read_checked(model, TOKENIZER).decode("utf-8"))
        # A `tokenizer.json` may set a truncation and padding of its own.
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        unknown = self._tokenizer.token_to_id("[UNK]")
        self._unknown = -1 if unknown is None else unknown  # -1 is the id of no token
        self._special = self._tokenizer.encode("").ids
        # BERT tokenizes each word on its own; byte-level tokenizers join a space to the word that follows.
        self._splits_words_alone = (
            isinstance(self._tokenizer.model, WordPiece)
            and isinstance(self._tokenizer.normalizer, BertNormalizer)
            and len(self._special) == 2
        )
        self.context_tokens = model.context_tokens
        self.question_tokens = model.question_tokens

    def contexts(self, texts: Sequence[str]) -> list[list[int]]:
        """Return the ids of each text, special tokens included, at most `context_tokens` of them."""
        # The fast variant computes no offsets, which are not needed here.
        return [_truncate(e.ids, self.context_tokens) for e in self._tokenizer.encode_batch_fast(list(texts))]

    def passages(self, texts: Sequence[str], words: Words, spans: Sequence[tuple[int, int]]) -> list[list[int]]:
        """Return what `contexts(texts)` does for chunks of one text, reusing the ids in `words`.

        Each of `spans` is a chunk's first word and the word after its last. Without this, every text would be
        tokenized twice: once to chunk it and once to embed it.
        """
        if words.ids is None:
            return self.contexts(texts)
        first, last = self._special
        rows = (words.ids[words.before[a] : words.before[b]].tolist() for a, b in spans)
        return [_truncate([first, *row, last], self.context_tokens) for row in rows]

    def question(self, text: str) -> Question:
        """Return a question's ids, at most `question_tokens` of them, and the text that was cut off."""
        window = text[: self.question_tokens * _MAX_CHARACTERS_PER_TOKEN]
        encoding = self._tokenizer.encode(window)
        ids = _truncate(encoding.ids, self.question_tokens)
        known = self._characters_per_token(encoding)
        if len(ids) == len(encoding.ids):
            # All of the window fits, for instance because it is mostly blanks; only text beyond it is cut.
            return Question(ids, text[len(window) :].strip(), known)
        # - 2: the last of the ids that are kept is [SEP], and the one before it is the text's last.
        last_kept = encoding.offsets[self.question_tokens - 2][1]
        return Question(ids, text[last_kept:].strip(), known)

    def _characters_per_token(self, encoding: tokenizers.Encoding) -> float:
        # A special token has no characters.
        sizes = [(end - start, token) for (start, end), token in zip(encoding.offsets, encoding.ids, strict=True)]
        spans = [0 if token == self._unknown else size for size, token in sizes if size]
        return sum(spans) / len(spans) if spans else 0.0

    def words(self, text: str) -> Words:
        """Return the text's words, each with its offset and its number of tokens.

        A word is what the tokenizer splits on its own: a run of letters, a punctuation mark, a CJK character, or 100
        characters of a longer run. A chunk of whole words therefore has exactly the sum of their tokens, plus [CLS]
        and [SEP].
        """
        blocks = list(_blocks(text))
        starts, tokens, ids = [], [], []
        for first in range(0, len(blocks), _BATCH_SIZE):
            batch = blocks[first : first + _BATCH_SIZE]
            encodings = self._tokenizer.encode_batch([text[a:b] for a, b in batch], add_special_tokens=False)
            for (begin, _), encoding in zip(batch, encodings, strict=True):
                word_of_token = np.array(encoding.word_ids, dtype=np.int64)
                firsts = np.flatnonzero(np.diff(word_of_token, prepend=-1))  # no word has the number -1
                # reshape: without tokens the array would be [0] and not [0, 2].
                offsets = np.array(encoding.offsets, dtype=np.int64).reshape(-1, 2)
                starts.append(begin + offsets[firsts, 0])
                tokens.append(np.diff(firsts, append=len(word_of_token)))
                ids.append(np.array(encoding.ids, dtype=np.int32))
        breaks = [a for a, _ in blocks[1:] if not _is_blank(text[a - 1])]
        if not starts:
            return Words(np.empty(0, np.int64), np.empty(0, np.int64), ())
        joined = np.concatenate(ids)
        unknown = int(np.count_nonzero(joined == self._unknown))
        reusable = joined if self._splits_words_alone else None
        return Words(np.concatenate(starts), np.concatenate(tokens), tuple(breaks), unknown, reusable)


def _blocks(text: str) -> Iterator[tuple[int, int]]:
    """Yield the text's blocks, start and end; a block ends after a space unless a word is too long for that."""
    start = 0
    while start < len(text):
        end = min(start + _BLOCK_CHARACTERS, len(text))
        if end < len(text):
            earliest = max(start, end - _MAX_WORD_CHARACTERS)
            end = next((i for i in range(end, earliest, -1) if _is_blank(text[i - 1])), end)
        yield start, end
        start = end


def _is_blank(character: str) -> bool:
    """Whether BERT's normalizer turns the character into a space; control characters it deletes instead."""
    return character in "\t\n\r" or (character.isspace() and unicodedata.category(character) != "Cc")


def _truncate(ids: list[int], limit: int) -> list[int]:
    """Return at most `limit` ids, the last special token kept."""
    return ids if len(ids) <= limit else [*ids[: limit - 1], ids[-1]]
