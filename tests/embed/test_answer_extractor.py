"""The answer model: its inputs, the characters of its tokens, and what happens to a model of another kind."""

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from toy_reader import INPUTS, describe, echo, tokenizer, write_graph, write_reader
from wherein.embed.answer_extractor import (
    AnswerExtractor,
    Window,
    installed_answer_model,
    load_answer_model,
    window_starts,
)
from wherein.embed.model import DEFAULT_MODEL, DEFAULT_READER
from wherein.errors import Damaged, ModelMismatch

CLS, SEP = 101, 102
QUESTION = "Who may sign the lease?"
PASSAGE = "The lease may be signed by the owner's attorney."


@pytest.fixture(scope="session")
def echoing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_graph(tmp_path_factory.mktemp("readers") / "echo", echo)


@pytest.fixture
def copied(tmp_path: Path, echoing: Path) -> Path:
    return Path(shutil.copytree(echoing, tmp_path / "reader"))


def read(folder: Path, question: str = QUESTION, text: str = PASSAGE) -> list[Window]:
    return list(AnswerExtractor(load_answer_model(folder), "w8a32").windows(question, text))


def ids(text: str) -> list[int]:
    return list(tokenizer().encode(text, add_special_tokens=False).ids)


@pytest.mark.parametrize("kind", [np.int64, np.int32])
@pytest.mark.parametrize("length", [384, -1])
def test_the_four_inputs_are_the_cards(tmp_path: Path, kind: Any, length: int) -> None:
    folder = write_graph(tmp_path / "echo", echo, kind=kind, length=length)
    (window,) = read(folder)
    asked, passage = ids(QUESTION), ids(PASSAGE)
    whole = [CLS, *asked, SEP, *passage, SEP]
    assert window.first == len(asked) + 2
    assert window.start.tolist() == [10.0] * (len(asked) + 2) + [11.0] * (len(passage) + 1)
    assert window.end.tolist() == [40_000.0 * place + token for place, token in enumerate(whole)]
    assert len(window.words) == len(passage)


def test_a_long_passage_has_windows_that_overlap_by_half(echoing: Path) -> None:
    words = "one two three four five six seven eight nine ten " * 80
    passage, asked = ids(words), ids(QUESTION)
    assert len(passage) == 800
    width = 384 - len(asked) - 3
    firsts = [0, width // 2, 2 * (width // 2), 800 - width]
    windows = read(echoing, text=words)
    offsets = tokenizer().encode(words, add_special_tokens=False).offsets
    for window, first in zip(windows, firsts, strict=True):
        assert len(window.start) == len(window.end) == 384
        assert window.words.tolist() == [list(pair) for pair in offsets[first : first + width]]
        seen = [int(value) - 40_000 * place for place, value in enumerate(window.end.tolist())]
        assert seen == [CLS, *asked, SEP, *passage[first : first + width], SEP]


@given(tokens=st.integers(0, 2_000), width=st.integers(29, 400))
def test_every_answer_lies_whole_in_a_window(tokens: int, width: int) -> None:
    starts = window_starts(tokens, width)
    assert starts == sorted(set(starts))
    assert all(0 <= start < tokens for start in starts)
    for place in range(tokens):
        last = min(place + 14, tokens - 1)
        assert any(start <= place and last < start + width for start in starts), (place, starts)


def test_a_question_is_cut_so_that_the_passage_has_room(echoing: Path) -> None:
    long = "why " * 384
    (window,) = read(echoing, question=long)
    assert window.first == 66
    assert window.end[1:65].tolist() == [40_000.0 * place + ids("why")[0] for place in range(1, 65)]
    assert len(window.words) == len(ids(PASSAGE))


def test_words_that_look_like_special_tokens_are_words(echoing: Path) -> None:
    (window,) = read(echoing, question="[CLS]?", text="[SEP] [PAD] ends")
    seen = [int(value) % 40_000 for value in window.end]
    assert (seen.count(CLS), seen.count(SEP), seen.count(0)) == (1, 2, 0)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("In Lisbon.", ["In", "Lisbon", "."]),
        ("İstanbul, 東京 😀", ["İstanbul", ",", "東", "京", "😀"]),
        ("a cafe\u0301 too", ["a", "cafe\u0301", "too"]),
        ("naïve unbelievably", ["naïve", "unbelievably"]),
        ("한국어 x\u0302\u0301", ["한국어", "x\u0302\u0301"]),
        ("\U0001d11e\U0001d11e Zürich\r\n\tend", ["\U0001d11e\U0001d11e", "Zürich", "end"]),
    ],
)
def test_a_token_stands_for_its_whole_word(echoing: Path, text: str, words: list[str]) -> None:
    (window,) = read(echoing, text=text)
    seen = [text[begin:end] for begin, end in window.words]
    assert [word for n, word in enumerate(seen) if n == 0 or word != seen[n - 1]] == words


@given(text=st.text(max_size=80))
def test_any_text_has_words_in_their_order(echoing_reader: AnswerExtractor, text: str) -> None:
    for window in echoing_reader.windows("who?", text):
        begins, ends = window.words[:, 0], window.words[:, 1]
        assert (begins < ends).all()
        assert (np.diff(begins) >= 0).all()
        assert (np.diff(ends) >= 0).all()
        assert begins[0] >= 0
        assert ends[-1] <= len(text)


@pytest.fixture(scope="session")
def echoing_reader(echoing: Path) -> AnswerExtractor:
    return AnswerExtractor(load_answer_model(echoing), "w8a32")


@pytest.mark.parametrize("text", ["", " \n", "\u200d", "\x00\x01"])
def test_a_passage_without_words_has_no_windows(echoing_reader: AnswerExtractor, text: str) -> None:
    assert list(echoing_reader.windows(QUESTION, text)) == []


@pytest.mark.parametrize("fixed", [True, False])
def test_padding_changes_nothing(tmp_path: Path, fixed: bool) -> None:
    folder = write_reader(tmp_path / "r", {"attorney": 5.0, "[PAD]": 90.0}, {"attorney": 4.0}, fixed=fixed)
    (window,) = read(folder)
    assert len(window.start) == len(ids(QUESTION)) + len(ids(PASSAGE)) + 3
    assert window.start.max() == 5.0


def test_the_compiled_graph_is_used_again(tmp_path: Path, echoing: Path) -> None:
    model = load_answer_model(echoing)
    for _ in range(2):
        windows = list(AnswerExtractor(model, "w8a32", cache=tmp_path).windows(QUESTION, PASSAGE))
        assert windows[0].start[0] == 10.0
        assert len(list(tmp_path.glob("*.blob"))) == 1


# Models that are damaged, and models of another kind.


@pytest.mark.parametrize("name", ["tokenizer.json", "model.bin", "model.xml"])
@pytest.mark.parametrize("damage", ["flip", "cut", "lose"])
def test_a_damaged_file_is_named(tmp_path: Path, name: str, damage: str) -> None:
    folder = write_reader(tmp_path / "reader", {}, {})
    path = folder / name
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data if damage == "flip" else data[:-1])
    if damage == "lose":
        path.unlink()
    with pytest.raises(Damaged, match=name.replace(".", r"\.")):
        read(folder)


@pytest.mark.parametrize(
    "changed",
    [
        {"kind": "embedding"},
        {"outputs": ["output_s"]},
        {"outputs": None},
        {"tokens": "many"},
        {"tokens": 63},
        {"question_tokens": 0},
        {"question_tokens": 193},
        {"files": []},
        {"name": None, "files": {}},
    ],
)
def test_a_manifest_of_no_answer_model(copied: Path, changed: dict[str, object]) -> None:
    describe(copied, **changed)
    with pytest.raises(Damaged, match=r"model\.json"):
        load_answer_model(copied)


@pytest.mark.parametrize("content", ["", "[]", "null", "{", "[1]", '{"kind": "reader"}'])
def test_a_manifest_that_is_none(copied: Path, content: str) -> None:
    (copied / "model.json").write_text(content)
    with pytest.raises(Damaged, match=r"model\.json"):
        load_answer_model(copied)


def _squeezed(ops: Any, given: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(ops.unsqueeze(value, ops.constant(2)) for value in echo(ops, given))


def _no_number(ops: Any, given: dict[str, Any]) -> tuple[Any, ...]:
    start, end = echo(ops, given)
    return start, ops.log(ops.negative(ops.add(end, ops.constant(np.float32(1)))))


@pytest.mark.parametrize(
    ("write", "why"),
    [
        (lambda to: write_graph(to, echo, outputs=("embedding", "output_e")), "it has no output output_s"),
        (lambda to: write_graph(to, echo, outputs=("start", "end")), "it has no output output_e and no output_s"),
        (
            lambda to: write_graph(to, lambda ops, given: (ops.convert(given["input_ids"], "f32"),) * 2,
                                   inputs=("input_ids", "attention_mask", "token_type_ids")),
            "it has no input position_ids",
        ),
        (
            lambda to: write_graph(to, echo, inputs=(*INPUTS, "more")),
            "it has the input more, which is none of input_ids, attention_mask, token_type_ids, position_ids",
        ),
        (lambda to: write_graph(to, echo, length=128), r"its inputs are \[1,128\] and not \[1,384\]"),
        (lambda to: write_graph(to, _squeezed), "its output_s is not a number for each of 384 tokens"),
        (lambda to: write_graph(to, _no_number), "its output_e is not a number for each of 384 tokens"),
    ],
)  # fmt: skip
def test_a_graph_that_is_no_answer_model_is_refused_in_one_sentence(
    tmp_path: Path, write: Callable[[Path], Path], why: str
) -> None:
    folder = write(tmp_path / "other")
    words = rf"other is not an answer model that --answer can use: {why}; install"
    with pytest.raises(ModelMismatch, match=words) as caught:
        read(folder)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["tokenizer.json", "model.xml"])
def test_a_file_with_the_right_hash_and_useless_content(copied: Path, name: str) -> None:
    (copied / name).write_text("{}")
    describe(copied)
    with pytest.raises(ModelMismatch, match="is not an answer model that --answer can use: it cannot be run") as caught:
        read(copied)
    assert "\n" not in str(caught.value)


def test_a_tokenizer_of_another_family(copied: Path) -> None:
    path = copied / "tokenizer.json"
    described = json.loads(path.read_text("utf-8"))
    described["added_tokens"] = [t for t in described["added_tokens"] if t["content"] != "[SEP]"]
    del described["model"]["vocab"]["[SEP]"]
    described["post_processor"] = None
    path.write_text(json.dumps(described), "utf-8")
    describe(copied)
    with pytest.raises(ModelMismatch, match=r"its tokenizer lacks \[CLS\], \[SEP\] or \[PAD\]"):
        read(copied)


# Where it is found.


@pytest.fixture
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "models"
    monkeypatch.setenv("WHEREIN_MODELS", str(folder))
    return folder


def test_where_no_answer_model_is_installed_the_shipped_one_is_used(models: Path) -> None:
    shutil.copytree(DEFAULT_MODEL, models / "an-embedding-model")
    (models / "broken").mkdir()
    (models / "broken" / "model.json").write_text("{")
    assert installed_answer_model().folder == DEFAULT_READER


def test_the_answer_model_among_the_installed_models(models: Path, copied: Path) -> None:
    shutil.copytree(DEFAULT_MODEL, models / "an-embedding-model")
    shutil.copytree(copied, models / "reader-b")
    shutil.copytree(copied, models / "reader-c")
    (models / "broken").mkdir()
    (models / "broken" / "model.json").write_text("{")
    (models / "half-fetched").mkdir()
    shutil.copytree(copied, models / ".reader-a.new")  # unfinished, or damaged
    found = installed_answer_model()
    assert found.folder == models / "reader-b"
    digest = hashlib.sha256((models / "reader-b" / "model.bin").read_bytes()).hexdigest()
    assert found.sha256["model.bin"] == digest


def test_a_missing_manifest_of_the_shipped_one_is_named(
    models: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("wherein.embed.answer_extractor.DEFAULT_READER", tmp_path / "reader")
    with pytest.raises(Damaged, match="reader"):
        installed_answer_model()
