"""The provenance of an answer, with and without each of the parts that it may come from."""

import numpy as np

from text_index import index_texts
from wherein.search.provenance import Provenance, provenance_of
from wherein.storage.catalog.models import StoredModel
from wherein.storage.index.vector_index import VectorIndex

MODEL = StoredModel(1, "f" * 16, "bert", "1", "w8a8", 2)
DELTA = VectorIndex(0, None, None, np.arange(1, 4), np.zeros((3, 2), np.float32))


def test_an_answer_from_no_index_and_no_model_has_empty_provenance() -> None:
    assert provenance_of(None, None, None) == Provenance("", "", "", None, 0, None, 0)


def test_the_model_and_the_delta_of_an_index_without_a_generation() -> None:
    assert provenance_of(MODEL, DELTA, None) == Provenance("bert", "f" * 16, "w8a8", None, 3, None, 0)


def test_passages_above_the_generation_of_keywords_are_its_delta() -> None:
    texts = index_texts(["a red box", "a fox"])
    in_delta = type(texts)(0, None, (texts.parts[1], texts.parts[0]), texts.count, texts.length)
    assert provenance_of(None, None, texts).keywords_delta == 0
    assert provenance_of(None, None, in_delta).keywords_delta == 2
