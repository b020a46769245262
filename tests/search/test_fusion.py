"""The fused score: what a passage shares with the question, and the order of the candidates that are read."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wherein.search.fusion import Overlap, QuestionWords, as_cosine, fuse, fuse_best, promising

RED, FOX, JUMP, OTHER, UNSEEN = 1 << 39, 7, 5_000, 3, 90  # terms are numbers below 2 ** 40
IDF = {RED: 1.0, FOX: 2.0, JUMP: 3.0}
WORDS = st.lists(st.sampled_from([*IDF, OTHER]), max_size=12)


def test_all_words_side_by_side_share_everything():
    assert QuestionWords([RED, FOX], IDF).overlaps([[11, RED, FOX]])[0] == Overlap(1.0, 1.0, 1.0)


def test_a_rare_word_covers_more_than_a_common_one():
    assert QuestionWords([RED, FOX, JUMP], IDF).overlaps([[JUMP]])[0].coverage == 9 / 14
    assert QuestionWords([RED, FOX, JUMP], IDF).overlaps([[RED]])[0].coverage == 1 / 14


def test_neighbors_count_in_the_order_of_the_question_only():
    assert QuestionWords([RED, FOX], IDF).overlaps([[FOX, RED]])[0] == Overlap(1.0, 0.0, 1.0)


def test_words_close_together_may_have_four_others_between_them():
    assert QuestionWords([RED, FOX], IDF).overlaps([[FOX, 11, 12, 13, 14, RED]])[0].near == 1.0
    assert QuestionWords([RED, FOX], IDF).overlaps([[FOX, 11, 12, 13, 14, 15, RED]])[0].near == 0.0


def test_words_with_one_between_them_in_the_question_are_a_close_pair_but_no_neighbors():
    shared = QuestionWords([RED, FOX, JUMP], IDF).overlaps([[RED, JUMP]])[0]
    assert shared.adjacent == 0.0
    assert shared.near == 4 / 12


def test_a_word_that_stands_twice_in_the_question_is_no_pair_with_itself():
    assert QuestionWords([FOX, FOX], IDF).overlaps([[FOX, FOX]])[0] == Overlap(1.0, 0.0, 0.0)


@given(WORDS, WORDS)
def test_every_share_is_from_0_to_1_whatever_the_words(question, passage):
    shared = QuestionWords(question, {**IDF, OTHER: 0.5}).overlaps([passage])[0]
    assert all(0.0 <= part <= 1.0 + 1e-12 for part in (shared.coverage, shared.adjacent, shared.near))


def test_a_question_without_words_leaves_the_cosine_alone():
    dense = np.array([0.5, 0.25])
    assert fuse(dense, np.zeros(2), 0.0, [QuestionWords([], {}).overlaps([[FOX]])[0]] * 2).tolist() == [0.5, 0.25]


def test_no_candidates_give_no_scores():
    assert fuse(np.zeros(0), np.zeros(0), 5.0, []).shape == (0,)


def test_each_part_lifts_a_passage():
    nothing = Overlap(0.0, 0.0, 0.0)
    lifted = [
        fuse(np.array([0.4, 0.5]), np.zeros(2), 4.0, [nothing, nothing]),
        fuse(np.array([0.4, 0.4]), np.array([1.0, 2.0]), 4.0, [nothing, nothing]),
        *(fuse(np.full(2, 0.4), np.zeros(2), 4.0, [nothing, Overlap(*part)]) for part in np.eye(3).tolist()),
    ]
    assert all(low < high for low, high in lifted)


def test_the_score_of_a_passage_does_not_depend_on_what_stands_beside_it():
    shared = [Overlap(0.5, 0.0, 0.1), Overlap(1.0, 1.0, 1.0), Overlap(0.0, 0.0, 0.0)]
    dense, keyword = np.array([0.3, 0.6, 0.1]), np.array([4.0, 9.0, 0.0])
    together = fuse(dense, keyword, 12.0, shared)
    alone = [fuse(dense[[n]], keyword[[n]], 12.0, [shared[n]])[0] for n in range(3)]
    assert together == pytest.approx(alone, abs=1e-15)


def test_the_candidates_to_read_are_chosen_by_cosine_and_keywords():
    dense, keyword = np.array([0.1, 0.5, 0.5, 0.3]), np.array([0.0, 0.0, 0.0, 12.0])
    assert promising(dense, keyword, 4.0, 3).tolist() == [3, 1, 2]  # 0.3 + 0.1 * 12 / 2; equal ones keep their order
    assert promising(dense, keyword, 0.0, 9).tolist() == [1, 2, 3, 0]
    assert promising(np.zeros(0), np.zeros(0), 4.0, 3).shape == (0,)


def test_with_less_trust_the_cosine_counts_less_and_bm25_more():
    dense, keyword, nothing = np.array([0.6, 0.2]), np.array([0.0, 4.0]), [Overlap(0, 0, 0)] * 2
    assert fuse(dense, keyword, 4.0, nothing).tolist() == pytest.approx([0.6, 0.26])
    assert fuse(dense, keyword, 4.0, nothing, trust=0.25).tolist() == pytest.approx([0.15, 0.05 + 10 * 0.06])


def test_scores_of_another_metric_get_the_range_of_cosines():
    assert as_cosine("cosine", np.array([0.9, -0.3])).tolist() == [0.9, -0.3]
    assert as_cosine("l2", np.array([-80.0, -40.0, 0.0])) == pytest.approx([0.6, 0.8, 1.0])
    assert as_cosine("dot", np.array([7.0, 7.0])).tolist() == [1.0, 1.0]
    assert as_cosine("dot", np.zeros(0)).shape == (0,)


PASSAGES = {4: [RED, FOX], 7: [FOX, OTHER], 9: [OTHER]}


def fused(dense, keyword, read=3, ids=(9, 4, 7), question=(RED, FOX, UNSEEN)):
    return fuse_best(
        question, np.array(ids), np.array(dense), np.array(keyword), IDF, lambda read: [PASSAGES[i] for i in read],
        metric="cosine", read=read,
    )  # fmt: skip


def test_the_candidates_that_are_read_come_in_the_order_of_their_fused_scores():
    found = fused([0.5, 0.3, 0.4], [0.0, 3.0, 2.0])
    words = QuestionWords([RED, FOX], IDF)  # a word that is not in `idf` does not count
    overlaps = words.overlaps(PASSAGES[number] for number in (4, 7, 9))
    scores = fuse(np.array([0.3, 0.4, 0.5]), np.array([3.0, 2.0, 0.0]), 6.0, overlaps)
    assert found.positions.tolist() == [1, 2, 0]
    assert found.scores.tolist() == pytest.approx(scores.tolist())
    assert found.overlaps == overlaps
    assert (found.first(1).positions.tolist(), found.first(1).overlaps) == ([1], overlaps[:1])


def test_a_candidate_that_is_not_read_is_not_in_the_result():
    assert sorted(fused([0.5, 0.3, 0.4], [0.0, 0.0, 0.0], read=2).positions.tolist()) == [0, 2]


def test_equal_scores_come_in_the_order_of_the_ids():
    found = fused([0.5, 0.5, 0.5], [0.0, 0.0, 0.0], question=())
    assert found.positions.tolist() == [1, 2, 0]
