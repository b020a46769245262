"""The hyperparameters of the reader's training: with the data and the base weights, they determine its result."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ReaderPlan:
    """One training of `steps` batches of `batch` examples.

    The learning rate rises to `rate` during `warm_up` steps, stays there, and falls to 0 during the last share `fall`
    of all steps: a checkpoint from before the fall serves a training of any length. Besides each answered question
    there are `unanswered` (a share) with a passage that does not answer it. Passages are cut to `passage_tokens`
    around the answer. `decay` is AdamW's weight decay, and `longest_step` the norm to which gradients are clipped.
    """

    steps: int = 800
    batch: int = 32
    rate: float = 2e-4
    warm_up: int = 60
    fall: float = 0.4
    unanswered: float = 0.2
    passage_tokens: int = 128
    question_tokens: int = 48
    decay: float = 0.01
    longest_step: float = 1.0
    seed: int = 0
    threads: int = 2
