"""The calibration texts, and how texts become inputs."""

import json

import pytest

from wherein.embed.graph import INPUTS
from wherein.errors import UsageError
from wherein.recipe import samples


def test_calibration_draws_the_same_texts_again(tmp_path):
    path = tmp_path / "train.json"
    parts = [{"context": f"context {n}", "qas": [{"question": f"question {n}?"}]} for n in range(300)]
    path.write_text(json.dumps({"data": [{"paragraphs": parts}]}), "utf-8")
    contexts, questions = samples.draw(samples.texts(path))
    assert (len(set(contexts)), len(set(questions))) == (samples.CONTEXTS, samples.QUESTIONS)
    path.write_text(json.dumps({"data": [{"paragraphs": parts[::-1]}]}), "utf-8")
    assert samples.draw(samples.texts(path)) == (contexts, questions)


@pytest.mark.parametrize("content", ["no json", "[]", '{"data": [{}]}'])
def test_other_calibration_data_is_refused(tmp_path, content):
    path = tmp_path / "train.json"
    path.write_text(content, "utf-8")
    with pytest.raises(UsageError, match=r"train\.json is"):
        samples.texts(path)


def test_too_few_calibration_texts_are_refused():
    with pytest.raises(UsageError, match="1 contexts and 0 questions are too few"):
        samples.draw((["context", "context"], []))


def test_a_cut_text_keeps_its_last_special_token(words):
    ids = samples.token_ids(words, "one two three four five", 4)
    assert ids == [*words.encode("one two").ids[:3], words.token_to_id("[SEP]")]


def test_rows_are_padded_to_the_longest():
    batch = samples.batch([[101, 7, 102], [101, 102]])
    assert tuple(batch) == INPUTS
    assert batch["input_ids"].tolist() == [[101, 7, 102], [101, 102, 0]]
    assert batch["attention_mask"].tolist() == [[1, 1, 1], [1, 1, 0]]
    assert batch["token_type_ids"].tolist() == [[0, 0, 0]] * 2
    assert batch["position_ids"].tolist() == [[0, 1, 2]] * 2
    assert {str(array.dtype) for array in batch.values()} == {"int64"}


def test_each_calibration_sample_is_one_text_at_its_own_length(words):
    texts = [f"context {n} " * 200 for n in range(samples.CONTEXTS)], [f"why {n}? " * 20 for n in range(100)]
    calibration = samples.calibration(texts, words)
    assert [batch["input_ids"].shape for batch in calibration] == [(1, 384)] * 200 + [(1, 32)] * 100
