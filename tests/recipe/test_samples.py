"""The calibration texts, and how texts become inputs."""

import json

import pytest

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
