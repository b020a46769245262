"""Accuracy as the model card measures it."""

import json

import numpy as np
import openvino as ov

from wherein.embed.model import DEFAULT_MODEL
from wherein.embed.runtime import openvino_core
from wherein.recipe import evaluate, samples


def test_ranks_count_the_better_contexts():
    contexts = np.eye(3, dtype=np.float32)
    questions = np.array([[0.9, 0.1, 0.0], [0.9, 0.1, 0.0]], np.float32)
    assert evaluate.ranks(questions, contexts, np.array([0, 2])).tolist() == [0, 2]


def test_equal_scores_do_not_count_against_the_right_context():
    questions, contexts = np.ones((1, 2), np.float32), np.ones((3, 2), np.float32)
    assert evaluate.ranks(questions, contexts, np.array([2])).tolist() == [0]


def test_vectors_come_in_the_order_of_the_rows(words):
    graph = openvino_core().read_model(DEFAULT_MODEL / "model.xml")
    compiled = openvino_core().compile_model(graph, "CPU", evaluate.COMPILE_SETTINGS)
    rows = [words.encode("word " * count).ids for count in (9, 1, 40, 3, 3, 7, 2, 5, 8, 6)]
    vectors = evaluate.encode(compiled, rows)
    assert (vectors.shape, vectors.dtype) == ((10, 384), np.float32)
    for row, vector in zip(rows, vectors, strict=True):
        alone = compiled(samples.batch([row]))[compiled.output(0)][0]
        assert float(alone @ vector) > 0.99


def test_each_distinct_context_is_a_candidate_once(tmp_path, words):
    texts = {
        "Cats sleep for most of the day.": ["How long do cats sleep?", "What do cats do all day?"],
        "The lease is signed by the owner.": ["Who signs the lease?"],
        "Bread rises in a warm oven.": ["What rises in the oven?"],
    }
    parts = [{"context": text, "qas": [{"question": q} for q in asked]} for text, asked in texts.items()]
    path = tmp_path / "dev.json"
    path.write_text(json.dumps({"data": [{"paragraphs": parts}, {"paragraphs": parts[:1]}]}), "utf-8")
    graph: ov.Model = openvino_core().read_model(DEFAULT_MODEL / "model.xml")
    assert evaluate.measure(graph, words, path) == {"top_1": 100.0, "top_5": 100.0, "top_10": 100.0, "top_20": 100.0}
