"""Ranking measures from ir-measures, and whether two rankings differ by more than chance, from SciPy."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from wherein.errors import WhereinError
from wherein.installation import install_command

__all__ = ["TOPS", "PairedTest", "Values", "compare", "measures", "require_measures", "require_stats"]

Values = npt.NDArray[np.float64]

TOPS = (1, 5, 10, 20)
# A thousand differing questions take half a second; p is at least 0.001.
_RESAMPLES = 1_999
_BATCH_SIZE = 100


@dataclass(frozen=True)
class PairedTest:
    """A test of the differences between two rankings, question by question.

    `p` is the probability of a mean difference at least as large if the rankings were equally good. `difference` is in
    percentage points; `better`, `worse` and `equal` count questions.
    """

    measure: str
    difference: float
    better: int
    worse: int
    equal: int
    test: str
    p: float


def measures(relevant: Sequence[Mapping[str, int]], found: Sequence[Sequence[str]]) -> dict[str, Values]:
    """Return `top_1, top_5, top_10, top_20, mrr, ndcg_10, recall_10` of each question, 0 to 1, float64 `[questions]`.

    `relevant` has the relevant ids of each question with their grades, `found` the ids of its answer, best first.
    Raises WhereinError when ir-measures is not installed.
    """
    library = require_measures()
    named = {f"top_{k}": library.Success @ k for k in TOPS}
    named |= {"mrr": library.RR, "ndcg_10": library.nDCG @ 10, "recall_10": library.R @ 10}
    # Ranks serve as scores, so that hits with equal scores count in the order shown and not in that of their ids.
    run = {str(n): {name: -float(rank) for rank, name in enumerate(names)} for n, names in enumerate(found)}
    qrels = {str(n): dict(grades) for n, grades in enumerate(relevant)}
    values = {measure: np.zeros(len(relevant)) for measure in named.values()}
    for one in library.iter_calc(list(values), qrels, run):
        values[one.measure][int(one.query_id)] = one.value
    return {name: values[measure] for name, measure in named.items()}


def compare(measure: str, first: Values, second: Values) -> PairedTest:
    """Test the second's differences from the first, by a paired randomization test (two-sided, 1,999 draws, seed 0).

    It assumes no distribution, and is exact where at most 10 questions differ (Smucker, Allan and Carterette,
    CIKM 2007, compare tests for retrieval). Raises WhereinError when SciPy is not installed.
    """
    differences = second - first
    changed = differences[np.abs(differences) > 1e-12]  # smaller ones are rounding errors
    return PairedTest(
        measure=measure,
        difference=round(100 * float(differences.mean()), 2),
        better=int((changed > 0).sum()),
        worse=int((changed < 0).sum()),
        equal=len(differences) - len(changed),
        test="paired randomisation test",
        p=round(_chance(changed), 4),
    )


def _chance(differences: Values) -> float:
    """Return the p-value; questions without a difference would only add zeros to each draw, and are left out."""
    if not len(differences):
        return 1.0
    stats = require_stats()

    def mean(first: Values, second: Values, axis: int) -> Any:
        return np.mean(first - second, axis=axis)

    # Swapping a difference with its zero flips its sign, which is the randomisation test of paired samples.
    pairs = (differences, np.zeros_like(differences))
    if len(differences) == 1:  # both signs are equally likely, and SciPy needs two observations
        return 1.0
    result = stats.permutation_test(
        pairs, mean, permutation_type="samples", vectorized=True, n_resamples=_RESAMPLES, batch=_BATCH_SIZE,
        rng=np.random.default_rng(0),
    )  # fmt: skip
    return float(result.pvalue)


def require_measures() -> Any:
    """Return the module `ir_measures`. Raises WhereinError with the command that installs it when it is missing."""
    try:
        import ir_measures  # late: an extra, which may not be installed
    except ModuleNotFoundError as error:
        raise WhereinError(f"Measuring needs {error.name}; install it with: {install_command('evaluate')}") from error
    return ir_measures


def require_stats() -> Any:
    """Return the module `scipy.stats`. Raises WhereinError with the command that installs it when it is missing."""
    try:
        import scipy.stats  # late: an extra, which may not be installed
    except ModuleNotFoundError as error:
        raise WhereinError(f"Comparing needs {error.name}; install it with: {install_command('evaluate')}") from error
    return scipy.stats
