"""A graph is run once before it is installed."""

import shutil
from pathlib import Path

import pytest
from tokenizers import Tokenizer

from tiny import write_tiny
from toy_reader import echo, tokenizer, write_graph
from wherein.embed.graph import INPUTS
from wherein.embed.model import DEFAULT_MODEL, IR, WEIGHTS
from wherein.embed.models.choices import Choices, ImportOptions
from wherein.embed.models.installed import EMBEDDING, READER
from wherein.embed.models.settings import Settings
from wherein.embed.models.validation import EncoderTrial, graph_kind, try_answer_model, try_encoder
from wherein.embed.models.vocabulary import read_vocabulary
from wherein.errors import Damaged, UsageError

SHOWN = Path("/zoo/model.xml")


def folder(path: Path) -> Path:
    """Name an IR as it is named in a model folder."""
    path.with_suffix(".bin").rename(path.parent / WEIGHTS)
    return path.rename(path.parent / IR).parent


@pytest.fixture
def words(tmp_path: Path) -> Tokenizer:
    write_tiny(tmp_path / "words")
    return read_vocabulary(tmp_path / "words" / "vocab.txt")


@pytest.mark.parametrize(
    ("static", "lengths", "expected"),
    [
        (384, (None, None), (384, 32)),
        (None, (None, None), (384, 32)),
        (128, (None, None), (128, 32)),
        (128, (200, 20), (200, 20)),
    ],
)
def test_lengths_are_the_users_the_graphs_or_the_cards(
    tmp_path: Path, words: Tokenizer, static: int | None, lengths: tuple[int | None, ...], expected: tuple[int, int]
) -> None:
    graph = folder(write_tiny(tmp_path / "tiny", static=static, dimension=7))
    choices = Choices(ImportOptions(None, None, *lengths), Settings(), None)
    assert try_encoder(graph, words, choices.lengths, SHOWN) == EncoderTrial(7, *expected, "embedding")


def test_the_shipped_model() -> None:
    assert try_encoder(DEFAULT_MODEL, tokenizer(), (384, 32), SHOWN).dimension == 384


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"inputs": ("input_ids",)}, "has no input attention_mask; a model needs input_ids, attention_mask"),
        ({"inputs": (*INPUTS, "beam_idx")}, "has the input beam_idx; a model may have input_ids, attention_mask, "),
        ({"outputs": 2}, "has 2 outputs; a model has one, or sentence_embedding, or last_hidden_state"),
        ({"rows": 40}, "has 40 token embeddings, but its vocabulary has 77 tokens: that is another model's vocabulary"),
    ],
)
def test_a_graph_of_another_kind(tmp_path: Path, words: Tokenizer, options: dict[str, object], problem: str) -> None:
    graph = folder(write_tiny(tmp_path / "tiny", **options))  # type: ignore[arg-type]
    with pytest.raises(UsageError, match=f"^{SHOWN} {problem}"):
        try_encoder(graph, words, (384, 32), SHOWN)


def test_a_graph_that_cannot_be_read(tmp_path: Path, words: Tokenizer) -> None:
    (tmp_path / IR).write_text("<net>")
    for work in (lambda: try_encoder(tmp_path, words, (384, 32), SHOWN), lambda: graph_kind(tmp_path, SHOWN)):
        with pytest.raises(Damaged, match=f"^{SHOWN} cannot be read as OpenVINO IR: ") as caught:
            work()
        assert "\n" not in str(caught.value)


def test_answer_models_are_known_by_their_outputs(tmp_path: Path) -> None:
    assert graph_kind(write_graph(tmp_path / "answers", echo), SHOWN) == READER
    assert graph_kind(DEFAULT_MODEL, SHOWN) == EMBEDDING


def test_the_length_of_an_answer_model(tmp_path: Path) -> None:
    assert try_answer_model(write_graph(tmp_path / "fixed", echo, length=384), tokenizer(), 200, SHOWN) == 384
    free = write_graph(tmp_path / "free", echo, length=-1)
    assert try_answer_model(free, tokenizer(), 200, SHOWN) == 200
    assert try_answer_model(free, tokenizer(), None, SHOWN) == 384
    with pytest.raises(UsageError, match="has 1 outputs, not output_s and output_e"):
        try_answer_model(Path(shutil.copytree(DEFAULT_MODEL, tmp_path / "other")), tokenizer(), None, SHOWN)
