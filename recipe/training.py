"""Fine-tune: bring questions close to the passages that answer them, and keep similarities among texts of one kind.

Deterministic: fixed batches, no dropout, deterministic operations and a fixed number of threads give the same weights
in every run on the same machine. A stopped run resumes from its last checkpoint, with the same result.
"""

import dataclasses
import hashlib
import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer
from torch import Tensor, nn

from wherein.recipe import batches, body, losses, neighbors, runs, samples, vectors
from wherein.recipe.batches import Batch
from wherein.recipe.body import Body
from wherein.recipe.pairs import Corpus
from wherein.recipe.plan import Plan, Stage
from wherein.recipe.vectors import Rows

Tensors = dict[str, Tensor]


@dataclass(frozen=True)
class Material:
    """The batches of all epochs, the token ids of their texts, and the texts' vectors by the unmodified model."""

    steps: tuple[Batch, ...]
    rows: Rows
    teacher: dict[str, Tensor]


@dataclass
class Run:
    """The state of a training; `step` batches are done."""

    body: Body
    optimizer: torch.optim.AdamW
    step: int = 0


def make_deterministic(plan: Plan) -> None:
    """Make this process compute the same in every run."""
    torch.manual_seed(plan.seed)
    torch.set_num_threads(plan.threads)
    torch.use_deterministic_algorithms(True)


def schedule(corpus: Corpus, plan: Plan) -> tuple[Batch, ...]:
    """Return the batches of all epochs."""
    near = neighbors.mine(corpus.contexts)
    numbers = range(plan.epochs)
    return tuple(step for number in numbers for step in batches.epoch(corpus, near, plan.shape, plan.seed, number))


def identity(base: Tensors, *parts: Any) -> str:
    """Return a hash of the weights `base` and of `parts`, which must be serializable as JSON."""
    digest = hashlib.sha256(json.dumps(parts).encode())
    for name in sorted(base):
        digest.update(base[name].numpy().tobytes())
    return digest.hexdigest()[:16]


def run_name(plan: Plan, steps: tuple[Batch, ...], base: Tensors) -> str:
    """Return the name of a run, which depends on its data, its plan and the weights it starts from."""
    return identity(base, dataclasses.asdict(plan), [(step.passages, step.questions) for step in steps])


def tokens(corpus: Corpus, words: Tokenizer) -> Rows:
    """Return the token ids of every text to train on."""
    parts = (*corpus.contexts, *corpus.sentences)
    questions = dict.fromkeys(text for part in parts for text in part.questions)
    rows = vectors.token_rows(words, questions, samples.QUESTION_TOKENS)
    return rows | vectors.token_rows(words, (part.text for part in parts), samples.CONTEXT_TOKENS)


def prepare(corpus: Corpus, steps: tuple[Batch, ...], words: Tokenizer, base: Tensors, work: Path) -> Material:
    """Return the batches with all texts' tokens and vectors; the vectors are cached in `work`, for any plan."""
    rows = tokens(corpus, words)
    folder = work / f"teacher-{identity(base, rows)}"
    known = torch.from_numpy(vectors.encode_cached(folder, body.build(base), list(rows.values())))
    return Material(steps, rows, dict(zip(rows, known, strict=True)))


def start(plan: Plan, base: Tensors) -> Run:
    """Return the run before its first step.

    The word vectors stay fixed: they are half of all weights, and rare words depend on them.
    """
    network = body.build(base)
    network.embeddings.word_embeddings.requires_grad_(False)
    trained = [parameter for parameter in network.parameters() if parameter.requires_grad]
    return Run(network, torch.optim.AdamW(trained, lr=plan.stages[0].rate, weight_decay=plan.decay))


def stage(plan: Plan, step: int, total: int) -> tuple[Stage, int, int]:
    """Return the stage of step `step` (from 0) of `total`, the step's index in it, and its number of steps."""
    for part in plan.stages:
        steps = part.epochs * total // plan.epochs
        if step < steps:
            return part, step, steps
        step -= steps
    raise IndexError(step)


def rate(plan: Plan, step: int, total: int) -> float:
    """Return the learning rate of step `step` (from 0) of `total`: in each stage it rises and then falls linearly."""
    part, step, steps = stage(plan, step, total)
    rising = max(1, round(plan.warm_up * steps))
    return part.rate * min((step + 1) / rising, (steps - step) / max(1, steps - rising))


def loss(run: Run, batch: Batch, material: Material, plan: Plan, teacher: float) -> Tensor:
    """Return the loss of one batch; `teacher` is the weight of the drift from the unmodified model."""
    kinds = (batch.questions, batch.passages)
    now = [vectors.encode(run.body, [material.rows[text] for text in texts]) for texts in kinds]
    before = [torch.stack([material.teacher[text] for text in texts]) for texts in kinds]
    scores, positive = now[0] @ now[1].T / plan.temperature, torch.from_numpy(batch.positive)
    contrast = losses.contrast(scores, positive) + plan.backward * losses.contrast(scores.T, positive.T)
    drift = losses.drift(now[0], before[0]) + losses.drift(now[1], before[1])
    return contrast + teacher * drift


def advance(run: Run, material: Material, plan: Plan) -> float:
    """Carry out one step and return its loss."""
    part, _, _ = stage(plan, run.step, len(material.steps))
    for group in run.optimizer.param_groups:
        group["lr"] = rate(plan, run.step, len(material.steps))
    cost = loss(run, material.steps[run.step], material, plan, part.teacher)
    run.optimizer.zero_grad()
    cost.backward()
    nn.utils.clip_grad_norm_(run.body.parameters(), plan.longest_step)
    run.optimizer.step()
    run.step += 1
    return cost.item()


def save(run: Run, path: Path) -> None:
    """Write a checkpoint."""
    runs.save(path, run.step, body=run.body, optimizer=run.optimizer)


def resume(run: Run, path: Path) -> None:
    """Restore `run` from the checkpoint at `path`, if there is one. Raises WhereinError when it cannot be read."""
    run.step = runs.resume(path, body=run.body, optimizer=run.optimizer)


def tune(corpus: Corpus, words: Tokenizer, base: Tensors, plan: Plan, work: Path, every: int = 20) -> Tensors:
    """Return the weights after all steps of `plan`.

    A checkpoint is written to `work` after `every` steps and at the end; a finished run is not trained again.
    """
    make_deterministic(plan)
    steps = schedule(corpus, plan)
    work.mkdir(parents=True, exist_ok=True)
    run = start(plan, base)
    checkpoint = work / f"run-{run_name(plan, steps, base)}.pt"
    resume(run, checkpoint)
    if run.step < len(steps):
        train(run, prepare(corpus, steps, words, base, work), plan, checkpoint, every)
    return run.body.state_dict()


def train(run: Run, material: Material, plan: Plan, checkpoint: Path, every: int) -> None:
    """Carry out the remaining steps."""
    total, started = len(material.steps), (time.monotonic(), run.step)
    while run.step < total:
        cost = advance(run, material, plan)
        runs.report(run.step, total, cost, started)
        if run.step % every == 0 or run.step == total:
            save(run, checkpoint)
