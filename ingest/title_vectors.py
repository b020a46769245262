"""Vectors of passages and of titles on their way from the encoder: each pair becomes one vector."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from wherein.embed.encoder import Encoder, Matrix
from wherein.embed.tokenizer import Tokenizer
from wherein.storage.catalog.titled_texts import TitledText
from wherein.storage.disk.recent import Recent

__all__ = ["TITLE_WEIGHT", "TitleVectors", "TokenizedInput", "combine", "encode_titled", "title_ids", "tokenize"]

TITLE_WEIGHT = 0.3
"""How much a title's vector counts, where that of the passage counts 1 (docs/decisions/titles.md)."""

_MAX_TITLES = 4_096  # vectors of 1.5 KB


class TokenizedInput(NamedTuple):
    """A model input that needs a vector: its name, the token ids of its text, and those of its title if it has one."""

    name: bytes
    ids: list[int]
    title: tuple[int, ...] = ()


def title_ids(tokenizer: Tokenizer, titles: Iterable[str]) -> dict[str, tuple[int, ...]]:
    """Return the token ids of each distinct title; none for an empty one."""
    distinct = list(dict.fromkeys(filter(None, titles)))
    rows = tokenizer.contexts(distinct) if distinct else []
    return {"": (), **{title: tuple(ids) for title, ids in zip(distinct, rows, strict=True)}}


def tokenize(
    tokenizer: Tokenizer, inputs: Mapping[bytes, TitledText], names: Sequence[bytes]
) -> Iterator[TokenizedInput]:
    """Yield the model inputs with these names, tokenized."""
    chosen = [inputs[name] for name in names]
    titles = title_ids(tokenizer, (one.title for one in chosen))
    rows = tokenizer.contexts([one.text for one in chosen])
    for name, one, ids in zip(names, chosen, rows, strict=True):
        yield TokenizedInput(name, ids, titles[one.title])


def combine(passage: Matrix, title: Matrix) -> Matrix:
    """Return the unit vector `[width]` of a passage with its document's title, from the unit vectors of the two."""
    total = passage + np.float32(TITLE_WEIGHT) * title
    length = np.linalg.norm(total)
    return (total / length if length else total).astype(np.float32)


@dataclass
class _Title:
    """A title's vector, None until it is computed; until then the passages with this title wait."""

    vector: Matrix | None = None
    waiting: list[tuple[bytes, Matrix]] = field(default_factory=list)


@dataclass(frozen=True)
class _Passage:
    name: bytes
    title: _Title


class TitleVectors:
    """The vectors of the titles of a run; those used recently are not computed again."""

    def __init__(self) -> None:
        self._titles: Recent[tuple[int, ...], _Title] = Recent(_MAX_TITLES)

    def stream(self, encoder: Encoder, inputs: Iterable[TokenizedInput]) -> Iterator[tuple[bytes, Matrix]]:
        """Yield the name and the stored vector `[width]` of each model input, in the order of completion."""
        try:
            for key, vector in encoder.stream(self.texts(inputs)):
                if isinstance(key, bytes):
                    yield key, vector
                elif isinstance(key, _Title):
                    key.vector = vector
                    for name, passage in key.waiting:
                        yield name, combine(passage, vector)
                    key.waiting.clear()
                elif key.title.vector is None:
                    key.title.waiting.append((key.name, vector))
                else:
                    yield key.name, combine(vector, key.title.vector)
        except BaseException:  # also GeneratorExit: titles that are still to be computed never will be
            self._titles.clear()
            raise

    def texts(self, inputs: Iterable[TokenizedInput]) -> Iterator[tuple[bytes | _Passage | _Title, list[int]]]:
        """Yield the token ids of what has to be computed, a title before the passages that need it."""
        for name, ids, title in inputs:
            if not title:
                yield name, ids
                continue
            known = self._titles.get(title)
            if known is None:
                known = _Title()
                self._titles.keep(title, known, 1)
                yield known, list(title)
            yield _Passage(name, known), ids


def encode_titled(encoder: Encoder, texts: Sequence[TitledText]) -> Matrix:
    """Return the vectors `[len(texts), width]` of model inputs, as a run stores them."""
    vectors = encoder.encode_contexts([one.text for one in texts])
    rows = [row for row, one in enumerate(texts) if one.title]
    for row, title in zip(rows, encoder.encode_contexts([texts[row].title for row in rows]), strict=True):
        vectors[row] = combine(vectors[row], title)
    return vectors
