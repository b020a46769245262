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
class Stage:
    """Some epochs in which the learning rate rises once and falls once.

    `rate` is the highest, reached after the first `Plan.warm_up` of the stage's steps and falling to 0 from there.
    `teacher` weighs the change among texts of one kind (`losses.strayed`).
    """

    epochs: int
    rate: float = 3e-5
    teacher: float = 10.0


@dataclass(frozen=True)
class Plan:
    """One training.

    Held firmly near the unmodified model at first, and let go a little at the end: `stages`. `decay` is AdamW's and
    `longest_step` the norm to which a gradient is cut. `backward` weighs the passages' choice among questions against
    the questions' choice among passages. Another number of `threads` sums in another order, and the last digits differ.
    """

    stages: tuple[Stage, ...] = (Stage(2), Stage(1, teacher=1.0))
    seed: int = 0
    warm_up: float = 0.1
    decay: float = 0.01
    longest_step: float = 1.0
    temperature: float = 0.05
    backward: float = 0.3
    threads: int = 2
    shape: Shape = field(default_factory=Shape)

    @property
    def epochs(self) -> int:
        """How often each context has its own turn."""
        return sum(stage.epochs for stage in self.stages)
