"""What an imported model is like: as the user states, else as its own files say, else as the catalogue does."""

from dataclasses import dataclass

from wherein.embed.graph import POOLINGS
from wherein.embed.model import Prompts
from wherein.embed.models.settings import Settings
from wherein.embed.models.zoo import ZooModel
from wherein.errors import UsageError

__all__ = ["Choices", "ImportOptions"]

_CONTEXT_TOKENS = 384
# As on the card of the zoo's models; models that say how long a text may be were trained on longer ones.
_QUESTION_TOKENS, _LONG_QUESTION_TOKENS = 32, 128


@dataclass(frozen=True)
class ImportOptions:
    """What the user states about a model; None means: as its files or the catalogue say.

    `pooling` is a short name in `POOLINGS`.
    """

    name: str | None = None
    metric: str | None = None
    context_tokens: int | None = None
    question_tokens: int | None = None
    pooling: str | None = None
    question_prompt: str | None = None
    context_prompt: str | None = None


@dataclass(frozen=True)
class Choices:
    """What an encoder is like: as the user says, else as its own files say, else as the catalogue does."""

    options: ImportOptions
    settings: Settings
    entry: ZooModel | None

    @property
    def metric(self) -> str:
        """The metric; a model that normalizes has unit vectors, which every metric brings into one order."""
        if self.settings.normalizes:
            return "cosine"
        return self.options.metric or self.settings.metric or (self.entry.metric if self.entry else "cosine")

    @property
    def notes(self) -> tuple[str, ...]:
        """Sentences about options that have no effect."""
        if self.options.metric in (None, self.metric):
            return ()
        return (f"the vectors have unit length, and so {self.options.metric} gives the order of cosine, which is used",)

    @property
    def pooling(self) -> str | None:
        """The pooling, None to leave it to the graph."""
        return POOLINGS[self.options.pooling] if self.options.pooling else self.settings.pooling

    @property
    def prompts(self) -> Prompts:
        """What is put before questions and contexts."""
        own, stated = self.settings.prompts, self.options
        return Prompts(
            own.question if stated.question_prompt is None else stated.question_prompt,
            own.context if stated.context_prompt is None else stated.context_prompt,
        )

    def lengths(self, fixed: int | None) -> tuple[int, int]:
        """Return the lengths of contexts and questions; `fixed` is the graph's, if it was made for one length."""
        limit = self.settings.tokens
        context, question = self.options.context_tokens, self.options.question_tokens
        if self.entry:
            defaults = self.entry.context_tokens, self.entry.question_tokens
        else:
            defaults = _CONTEXT_TOKENS, _LONG_QUESTION_TOKENS if limit else _QUESTION_TOKENS
        context = context or fixed or min(defaults[0], limit or defaults[0])
        question = question or min(defaults[1], limit or defaults[1])
        if limit and max(context, question) > limit:
            raise UsageError(f"The model takes texts of at most {limit} tokens, not of {max(context, question)}")
        return context, question
