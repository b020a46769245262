"""The hyperparameters: with the data and the base weights, they determine the result of the training."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Shape:
    """The composition of a batch.

    It has so many contexts of each kind (`article`, `mixed`, `confused`: see `batches`), `sentences` in `runs` of
    neighbors, and at most `questions` per passage: about 6,400 tokens, of which 470 are padding.
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

    The learning rate rises to `rate` during the share `Plan.warm_up` of the stage's steps, and then falls to 0.
    `teacher` is the weight of `losses.drift`.
    """

    epochs: int
    rate: float = 3e-5
    teacher: float = 10.0


@dataclass(frozen=True)
class Plan:
    """One training.

    The first of the `stages` holds the weights close to the unmodified model, the last one less so. `decay` is AdamW's
    weight decay, and `longest_step` the norm to which gradients are clipped. `backward` is the weight of finding each
    passage's question, relative to finding each question's passage. The number of `threads` decides the order of
    summation, and so the last digits.
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
        """The number of epochs of all stages."""
        return sum(stage.epochs for stage in self.stages)
