"""Fine-tuning: questions near the passages that answer them, and texts of one kind as near to each other as before.

Deterministic: fixed batches, no dropout, deterministic operations and a fixed number of threads, so that two runs on
one machine give the same weights. A checkpoint every few steps lets a run that was stopped go on as if it had not.
"""

import dataclasses
import hashlib
import json
import pickle
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer
from torch import Tensor, nn

from wherein.errors import WhereinError
from wherein.recipe import batches, body, losses, neighbours, samples, vectors
from wherein.recipe.batches import Batch
from wherein.recipe.body import Body
from wherein.recipe.pairs import Corpus
from wherein.recipe.plan import Plan, Stage
from wherein.recipe.vectors import Rows

Tensors = dict[str, Tensor]


@dataclass(frozen=True)
class Material:
    """The batches of all epochs, the token ids of each of their texts, and its vector in the unmodified model."""

    steps: tuple[Batch, ...]
    rows: Rows
    teacher: dict[str, Tensor]


@dataclass
class Run:
    """A training under way: `step` batches are done."""

    body: Body
    optimizer: torch.optim.AdamW
    step: int = 0


def settled(plan: Plan) -> None:
    """Make this process compute the same at every run."""
    torch.manual_seed(plan.seed)
    torch.set_num_threads(plan.threads)
    torch.use_deterministic_algorithms(True)


def scheduled(corpus: Corpus, plan: Plan) -> tuple[Batch, ...]:
    """The batches of all epochs."""
    near = neighbours.mined(corpus.contexts)
    numbers = range(plan.epochs)
    return tuple(step for number in numbers for step in batches.epoch(corpus, near, plan.shape, plan.seed, number))


def identity(base: Tensors, *parts: Any) -> str:
    """A name for what is made of the weights `base` and of `parts`, which can be told in JSON."""
    told = hashlib.sha256(json.dumps(parts).encode())
    for name in sorted(base):
        told.update(base[name].numpy().tobytes())
    return told.hexdigest()[:16]


def named(plan: Plan, steps: tuple[Batch, ...], base: Tensors) -> str:
    """A name for a run: other data, another plan or other weights give another one."""
    return identity(base, dataclasses.asdict(plan), [(step.passages, step.questions) for step in steps])


def tokens(corpus: Corpus, words: Tokenizer) -> Rows:
    """The token ids of every text to train on."""
    parts = (*corpus.contexts, *corpus.sentences)
    asked = dict.fromkeys(text for part in parts for text in part.questions)
    rows = vectors.rows(words, asked, samples.QUESTION_TOKENS)
    return rows | vectors.rows(words, (part.text for part in parts), samples.CONTEXT_TOKENS)


def prepared(corpus: Corpus, steps: tuple[Batch, ...], words: Tokenizer, base: Tensors, work: Path) -> Material:
    """The batches with the tokens of all texts and their vectors, which `work` keeps for every other plan as well."""
    rows = tokens(corpus, words)
    folder = work / f"teacher-{identity(base, rows)}"
    known = torch.from_numpy(vectors.kept(folder, body.build(base), list(rows.values())))
    return Material(steps, rows, dict(zip(rows, known, strict=True)))


def begun(plan: Plan, base: Tensors) -> Run:
    """The run before its first step. The word vectors stay: half of all weights, and what rare words rest on."""
    network = body.build(base)
    network.embeddings.word_embeddings.requires_grad_(False)
    trained = [parameter for parameter in network.parameters() if parameter.requires_grad]
    return Run(network, torch.optim.AdamW(trained, lr=plan.stages[0].rate, weight_decay=plan.decay))


def stage(plan: Plan, step: int, total: int) -> tuple[Stage, int, int]:
    """The stage of step `step` of `total`, from 0; which step of the stage that is, and how many it has."""
    for part in plan.stages:
        steps = part.epochs * total // plan.epochs
        if step < steps:
            return part, step, steps
        step -= steps
    raise IndexError(step)


def rate(plan: Plan, step: int, total: int) -> float:
    """The learning rate of step `step` of `total`, from 0: in each stage up in a straight line, then down in one."""
    part, step, steps = stage(plan, step, total)
    rising = max(1, round(plan.warm_up * steps))
    return part.rate * min((step + 1) / rising, (steps - step) / max(1, steps - rising))


def loss(run: Run, batch: Batch, material: Material, plan: Plan, teacher: float) -> Tensor:
    """What one batch costs; `teacher` weighs what strays from the unmodified model."""
    kinds = (batch.questions, batch.passages)
    now = [vectors.encode(run.body, [material.rows[text] for text in texts]) for texts in kinds]
    before = [torch.stack([material.teacher[text] for text in texts]) for texts in kinds]
    scores, positive = now[0] @ now[1].T / plan.temperature, torch.from_numpy(batch.positive)
    chosen = losses.contrast(scores, positive) + plan.backward * losses.contrast(scores.T, positive.T)
    strayed = losses.strayed(now[0], before[0]) + losses.strayed(now[1], before[1])
    return chosen + teacher * strayed


def advance(run: Run, material: Material, plan: Plan) -> float:
    """Carry out one step; returns its loss."""
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
    """Write all that is needed to go on; whoever is killed meanwhile leaves the checkpoint before this one."""
    fresh = path.with_suffix(".part")
    state = {"step": run.step, "body": run.body.state_dict(), "optimizer": run.optimizer.state_dict()}
    torch.save(state, fresh)
    fresh.replace(path)


def resume(run: Run, path: Path) -> None:
    """Bring `run` to where the checkpoint at `path`, if any, left off."""
    if not path.is_file():
        return
    try:
        state: dict[str, Any] = torch.load(path, weights_only=True)
        run.body.load_state_dict(state["body"])
        run.optimizer.load_state_dict(state["optimizer"])
        run.step = state["step"]
    except (OSError, RuntimeError, KeyError, ValueError, EOFError, pickle.UnpicklingError) as error:
        raise WhereinError(f"{path} cannot be read ({type(error).__name__}); remove it to start anew") from error
    print(f"going on after step {run.step}", flush=True)


def told(run: Run, cost: float, started: tuple[float, int], total: int) -> None:
    """Print where the run stands. `started` is when, and at which step, this process began."""
    each = (time.monotonic() - started[0]) / (run.step - started[1])
    end = time.strftime("%H:%M", time.localtime(time.time() + each * (total - run.step)))
    print(f"step {run.step}/{total} loss {cost:.4f} {each:.1f} s a step, ends at {end}", flush=True)


def tuned(corpus: Corpus, words: Tokenizer, base: Tensors, plan: Plan, work: Path, every: int = 20) -> Tensors:
    """The weights after all steps of `plan`. `work` keeps a checkpoint of each `every` steps and a finished run."""
    settled(plan)
    steps = scheduled(corpus, plan)
    work.mkdir(parents=True, exist_ok=True)
    run = begun(plan, base)
    checkpoint = work / f"run-{named(plan, steps, base)}.pt"
    resume(run, checkpoint)
    if run.step < len(steps):
        train(run, prepared(corpus, steps, words, base, work), plan, checkpoint, every)
    return run.body.state_dict()


def train(run: Run, material: Material, plan: Plan, checkpoint: Path, every: int) -> None:
    """Carry out the steps that are left."""
    total, started = len(material.steps), (time.monotonic(), run.step)
    while run.step < total:
        cost = advance(run, material, plan)
        told(run, cost, started, total)
        if run.step % every == 0 or run.step == total:
            save(run, checkpoint)
