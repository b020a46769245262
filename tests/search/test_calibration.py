import numpy as np
import pytest

from wherein.search.calibration import NO_GOOD_MATCH, calibrated

BACKGROUND = np.array([0.0, 0.1, 0.2, 0.1])


def test_a_passage_no_better_than_chance_that_shares_no_word_is_no_good_match():
    best_of_chance = BACKGROUND.mean() + BACKGROUND.std() * np.sqrt(2 * np.log(1000))
    score = calibrated(np.array([best_of_chance]), np.zeros(1), BACKGROUND, 1000)
    assert score == pytest.approx(1 / (1 + np.exp(3.11 - 2.19 * best_of_chance)))
    assert score[0] < NO_GOOD_MATCH


def test_a_higher_cosine_more_words_and_fewer_passages_are_each_more_likely_the_answer():
    def one(dense, words, passages):
        return calibrated(np.array([dense]), np.array([words]), BACKGROUND, passages)[0]

    assert one(0.4, 0.2, 1000) < one(0.5, 0.2, 1000)
    assert one(0.4, 0.2, 1000) < one(0.4, 0.3, 1000)
    assert one(0.4, 0.2, 1000) < one(0.4, 0.2, 100)


@pytest.mark.parametrize("background", [np.zeros(0), np.full(3, 0.5)])
@pytest.mark.parametrize("passages", [0, 1, 10**9])
def test_a_background_without_deviation_leaves_the_words(background, passages):
    scores = calibrated(np.array([0.5, 0.5]), np.array([0.0, 0.7]), background, passages)
    assert scores == pytest.approx(1 / (1 + np.exp(3.11 - 2.19 * 0.5 - 4.6 * np.array([0, 0.7]))))


def test_extreme_scores_stay_from_0_to_1_without_a_warning():
    scores = calibrated(np.array([-1e6, 1e6]), np.zeros(2), BACKGROUND, 10)
    assert scores == pytest.approx([0, 1])
