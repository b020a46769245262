"""All that decides the outcome of the training, apart from its data and the base weights."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Shape:
    """How many contexts of each kind a batch has, how many `sentences` (in `runs` of neighbours) and questions of each.

    About 6,400 tokens of which 470 are padding: see `batches` for what the kinds are.
    """

    article: int = 12
    mixed: int = 12
    confused: int = 6
    sentences: int = 16
    runs: int = 2
    questions: int = 3


@dataclass(frozen=True)
class Plan:
    """One training.

    `rate` is the highest learning rate, reached after the first `warm_up` of all steps and falling to 0 from there;
    `decay` is AdamW's and `longest_step` the norm to which a gradient is cut. `backward` weighs the passages' choice
    among questions against the questions' choice among passages, `teacher` the change among texts of one kind
    (`losses.strayed`). Another number of `threads` sums in another order, and the last digits differ.
    """

    epochs: int = 3
    seed: int = 0
    rate: float = 3e-5
    warm_up: float = 0.1
    decay: float = 0.01
    longest_step: float = 1.0
    temperature: float = 0.05
    backward: float = 0.3
    teacher: float = 10.0
    threads: int = 2
    shape: Shape = field(default_factory=Shape)
