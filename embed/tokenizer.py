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
from wherein.storage.disk.batched import batched

__all__ = ["Frame", "Question", "Tokenizer", "Words"]

# No token spans this many characters in any language, so the text beyond this limit could never be kept.
_MAX_CHARACTERS_PER_TOKEN = 128
# A text is tokenized in blocks, because an `Encoding` takes 150 bytes per token.
_BLOCK_CHARACTERS = 16_384
# Blocks in one call of `encode_batch`, which works on them in parallel and returns all their encodings at once.
_BATCH_SIZE = 16
# How far before the end of a block a space is looked for; a longer run of letters is split there.
_MAX_WORD_CHARACTERS = 2_000
# Where the tokens of a chunk are not those of its words, its first and its last word may have more of them.
_RESERVE = 4
_UNKNOWN_TOKENS = ("[UNK]", "<unk>")
# Every character that str.isspace() knows.
_BLANKS = np.array([code for code in range(0x3001) if chr(code).isspace()], dtype=np.uint32)


@dataclass(frozen=True)
class Question:
    """A question's token ids, special tokens included, and `cut`, the end of its text that did not fit ("" if none).

    `characters_per_token` is how many characters a token stands for on average; an unknown one stands for none. It is
    about 4 in a language whose words are in the vocabulary, and 1 in a script with only its letters there.
    """

    ids: list[int]
    cut: str
    characters_per_token: float


@dataclass(frozen=True)
class Frame:
    """The ids of the special tokens that a tokenizer puts before and after a text; `[CLS]` and `[SEP]` for BERT."""

    before: tuple[int, ...]
    after: tuple[int, ...]

    @classmethod
    def of(cls, tokenizer: tokenizers.Tokenizer) -> "Frame":
        """Return the frame that a tokenizer puts around every text. Raises ValueError if some are inside it."""
        encoding = tokenizer.encode("a")
        mask = encoding.special_tokens_mask
        first = next((at for at, special in enumerate(mask) if not special), len(mask))
        last = next((at for at, special in enumerate(reversed(mask)) if not special), 0)
        if sum(mask) != first + last:
            raise ValueError("special tokens inside the text")
        return cls(tuple(encoding.ids[:first]), tuple(encoding.ids[len(mask) - last :]))

    def __len__(self) -> int:
        return len(self.before) + len(self.after)

    def truncate(self, ids: list[int], limit: int) -> list[int]:
        """Return at most `limit` ids of a text; the special tokens after it are kept."""
        return ids if len(ids) <= limit else [*ids[: limit - len(self.after)], *self.after]


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
    """A model's tokenizer, with the model's two lengths and prompts. Truncates contexts and questions, never pads.

    Raises Damaged when `tokenizer.json` is not the manifest's.
    """

    def __init__(self, model: Model) -> None:
        self._tokenizer = tokenizers.Tokenizer.from_str(read_checked(model, TOKENIZER).decode("utf-8"))
        # A `tokenizer.json` may set a truncation and padding of its own.
        self._tokenizer.no_truncation()
        self._tokenizer.no_padding()
        self._unknown = [id for token in _UNKNOWN_TOKENS if (id := self._tokenizer.token_to_id(token)) is not None]
        self._frame = Frame.of(self._tokenizer)
        # BERT tokenizes each word on its own; byte-level tokenizers join a space to the word that follows.
        self._splits_words_alone = isinstance(self._tokenizer.model, WordPiece) and isinstance(
            self._tokenizer.normalizer, BertNormalizer
        )
        self._prompts = model.prompts
        self._prompt_ids = self._tokenizer.encode(model.prompts.context, add_special_tokens=False).ids
        # A prompt that ends in a letter would make one word with the text.
        prompt_ends = not model.prompts.context or _is_blank(model.prompts.context[-1])
        self._reuses_ids = self._splits_words_alone and prompt_ends
        self.context_tokens: int = model.context_tokens
        self.question_tokens: int = model.question_limit

    @property
    def passage_tokens(self) -> int:
        """How many tokens of a text make a context of `context_tokens`, with its prompt and special tokens."""
        reserve = 0 if self._reuses_ids else _RESERVE
        return max(1, self.context_tokens - len(self._frame) - len(self._prompt_ids) - reserve)

    def contexts(self, texts: Sequence[str]) -> list[list[int]]:
        """Return the ids of each text, special tokens included, at most `context_tokens` of them."""
        prompted = [self._prompts.context + text for text in texts]
        # The fast variant computes no offsets, which are not needed here.
        return [self._frame.truncate(e.ids, self.context_tokens) for e in self._tokenizer.encode_batch_fast(prompted)]

    def passages(self, texts: Sequence[str], words: Words, spans: Sequence[tuple[int, int]]) -> list[list[int]]:
        """Return what `contexts(texts)` does for chunks of one text, reusing the ids in `words`.

        Each of `spans` is a chunk's first word and the word after its last. Without this, every text would be
        tokenized twice: once to chunk it and once to embed it.
        """
        if words.ids is None:
            return self.contexts(texts)
        before, after = [*self._frame.before, *self._prompt_ids], self._frame.after
        rows = (words.ids[words.before[a] : words.before[b]].tolist() for a, b in spans)
        return [self._frame.truncate([*before, *row, *after], self.context_tokens) for row in rows]

    def question(self, text: str) -> Question:
        """Return a question's ids, at most `question_tokens` of them, and the text that was cut off."""
        window = text[: self.question_tokens * _MAX_CHARACTERS_PER_TOKEN]
        prompt = self._prompts.question
        encoding = self._tokenizer.encode(prompt + window)
        ids = self._frame.truncate(encoding.ids, self.question_tokens)
        known = self._characters_per_token(encoding, len(prompt))
        if len(ids) == len(encoding.ids):
            # All of the window fits, for instance because it is mostly blanks; only text beyond it is cut.
            return Question(ids, text[len(window) :].strip(), known)
        # The special tokens follow the last token of the text that is kept.
        last_kept = encoding.offsets[self.question_tokens - len(self._frame.after) - 1][1]
        return Question(ids, text[max(0, last_kept - len(prompt)) :].strip(), known)

    def _characters_per_token(self, encoding: tokenizers.Encoding, prompt: int) -> float:
        """Return how many characters a token of the text after the `prompt` has on average."""
        tokens = zip(encoding.offsets, encoding.ids, strict=True)
        # A special token has no characters.
        sizes = [
            0 if token in self._unknown else end - start for (start, end), token in tokens if end > max(start, prompt)
        ]
        return sum(sizes) / len(sizes) if sizes else 0.0

    def words(self, text: str) -> Words:
        """Return the text's words, each with its offset and its number of tokens.

        A word is what the tokenizer splits on its own: a run of letters, a punctuation mark, a CJK character, or 100
        characters of a longer run. A chunk of whole words therefore has exactly the sum of their tokens, plus the
        special tokens and the prompt. Other tokenizers than BERT's may take a whole Chinese sentence for a word, and
        so each of their tokens counts as one.
        """
        blocks = list(_blocks(text))
        starts, tokens, ids = [], [], []
        for batch in batched(blocks, _BATCH_SIZE):
            encodings = self._tokenizer.encode_batch([text[a:b] for a, b in batch], add_special_tokens=False)
            for (begin, end), encoding in zip(batch, encodings, strict=True):
                # reshape: without tokens the array would be [0] and not [0, 2].
                offsets = np.array(encoding.offsets, dtype=np.int64).reshape(-1, 2)
                if self._splits_words_alone:
                    firsts = _first_tokens(np.array(encoding.word_ids, np.int64))
                    start = offsets[firsts, 0]
                else:
                    firsts, start = _token_starts(text[begin:end], offsets[:, 0])
                starts.append(begin + start)
                tokens.append(np.diff(firsts, append=len(offsets)))
                ids.append(np.array(encoding.ids, dtype=np.int32))
        breaks = [a for a, _ in blocks[1:] if not _is_blank(text[a - 1])]
        if not starts:
            return Words(np.empty(0, np.int64), np.empty(0, np.int64), ())
        joined = np.concatenate(ids)
        unknown = sum(int(np.count_nonzero(joined == one)) for one in self._unknown)
        reusable = joined if self._reuses_ids else None
        return Words(np.concatenate(starts), np.concatenate(tokens), tuple(breaks), unknown, reusable)


def _first_tokens(word_ids: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return which tokens are the first of their word, from the word of each token."""
    is_first = np.ones(len(word_ids), np.bool_)
    np.not_equal(word_ids[1:], word_ids[:-1], out=is_first[1:])  # a third of the time of `np.diff`
    return np.flatnonzero(is_first)


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


def _token_starts(text: str, starts: npt.NDArray[np.int64]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return the tokens that begin after all tokens before them, and the character at which each begins.

    A token that takes the blank before it begins after that, and the bytes of one character belong together.
    """
    is_blank = np.isin(np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32), _BLANKS)
    own = np.where(is_blank, len(text), np.arange(len(text)))
    # The next character at or after each that is no blank, and the end of the text after the last one.
    following = np.append(np.minimum.accumulate(own[::-1])[::-1], len(text))
    begin = following[np.minimum(starts, len(text))]
    highest = np.maximum.accumulate(np.append(-1, begin))[:-1]
    firsts = np.flatnonzero((begin > highest) & (begin < len(text)))
    begins = begin[firsts]
    firsts[:1] = 0  # tokens of leading blanks belong to the first word
    return firsts, begins
