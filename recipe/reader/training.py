"""Train the reader on a CPU, more than once: the mean of the ends answers better than each of them.

A training has float32 weights, bfloat16 arithmetic, and one thread for each part of a batch.

Where a core is shared with other programs, threads that meet once a step are several times as fast as threads that
share every matrix product. A stopped run resumes from its last checkpoint.
"""

import dataclasses
import random
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from wherein.recipe import averaging, runs, vectors
from wherein.recipe.reader import examples, network, rows
from wherein.recipe.reader.examples import Examples
from wherein.recipe.reader.network import Reader
from wherein.recipe.reader.plan import ReaderPlan
from wherein.recipe.reader.rows import Row, Rows

# Tokens of one part of a batch, padding included.
PART_TOKENS = 1400
# The number of trainings to average, which differ in their batches (Wortsman et al. 2022, "Model soups").
RUNS = 3
# All of them begin with the same head: from different ones they would end in networks of which no mean is of use.
HEAD_SEED = 0


@dataclass
class Run:
    """The state of a training: `step` batches are done; `fast` computes with a copy of the weights of `reader`."""

    reader: Reader
    fast: Reader
    optimizer: torch.optim.AdamW
    step: int = 0

    @property
    def trained(self) -> list[tuple[nn.Parameter, nn.Parameter]]:
        """The parameters that are trained, in float32 and in bfloat16."""
        both = zip(self.reader.parameters(), self.fast.parameters(), strict=True)
        return [(slow, fast) for slow, fast in both if slow.requires_grad]


def start(base: dict[str, Any], plan: ReaderPlan) -> Run:
    """Return the run before its first step."""
    torch.set_num_threads(1)
    reader = network.start(base, HEAD_SEED)
    trained = [parameter for parameter in reader.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=plan.rate, weight_decay=plan.decay)
    return Run(reader, deepcopy(reader).bfloat16(), optimizer)


def batches(material: Examples, maker: Rows, plan: ReaderPlan) -> Iterator[list[Row]]:
    """Yield the batches of one epoch after another, without end."""
    number = 0
    while True:
        rng = random.Random(f"{plan.seed}/{number}/cuts")
        found = (maker.row(one, rng) for one in examples.epoch(material, plan.unanswered, plan.seed, number))
        whole = [row for row in found if row]
        for begin in range(0, len(whole) - plan.batch + 1, plan.batch):
            yield whole[begin : begin + plan.batch]
        number += 1


def rate(plan: ReaderPlan, step: int) -> float:
    """Return the learning rate of step `step` (from 0)."""
    falling = max(1, round(plan.fall * plan.steps))
    return plan.rate * min((step + 1) / max(1, plan.warm_up), 1.0, (plan.steps - step) / falling)


def gradients(run: Run, part: list[Row], size: int) -> tuple[float, list[Tensor]]:
    """Return the loss of a part of a batch of `size` rows, and its gradients."""
    inputs, starts, ends = rows.batch(part)
    tensors = {name: torch.from_numpy(array) for name, array in inputs.items()}
    logits = run.fast(**tensors)
    sides = zip(logits, (starts, ends), strict=True)
    mask = tensors["attention_mask"]
    cost = sum(network.loss(one, mask, torch.from_numpy(right)) for one, right in sides) / (2 * size)
    return cost.item(), list(torch.autograd.grad(cost, [fast for _, fast in run.trained]))


def advance(run: Run, batch: list[Row], plan: ReaderPlan, pool: ThreadPoolExecutor) -> float:
    """Carry out one step and return its loss."""
    groups = vectors.groups([len(row.ids) for row in batch], PART_TOKENS)
    parts = list(pool.map(lambda group: gradients(run, [batch[row] for row in group], len(batch)), groups))
    for number, (slow, _) in enumerate(run.trained):
        # Summed in float32 and in a fixed order.
        slow.grad = torch.stack([part[1][number].float() for part in parts]).sum(0)
    nn.utils.clip_grad_norm_([slow for slow, _ in run.trained], plan.longest_step)
    for group in run.optimizer.param_groups:
        group["lr"] = rate(plan, run.step)
    run.optimizer.step()
    refresh(run)
    run.step += 1
    return sum(cost for cost, _ in parts)


def refresh(run: Run) -> None:
    """Copy the weights to those that compute."""
    with torch.no_grad():
        for slow, fast in run.trained:
            fast.copy_(slow)


def save(run: Run, path: Path) -> None:
    """Write a checkpoint."""
    runs.save(path, run.step, reader=run.reader, optimizer=run.optimizer)


def resume(run: Run, path: Path) -> None:
    """Restore `run` from the checkpoint at `path`, if there is one. Raises WhereinError when it cannot be read."""
    run.step = runs.resume(path, reader=run.reader, optimizer=run.optimizer)
    refresh(run)


def train_all(material: Examples, maker: Rows, base: dict[str, Any], plan: ReaderPlan, work: Path) -> Reader:
    """Return the mean of all runs; stopped ones resume from their checkpoints in `work`."""
    plans = [dataclasses.replace(plan, seed=plan.seed + number) for number in range(RUNS)]
    ends = [train(material, maker, base, one, work).state_dict() for one in plans]
    reader = network.start(base, HEAD_SEED)
    reader.load_state_dict(averaging.mean(ends))
    return reader


def train(material: Examples, maker: Rows, base: dict[str, Any], plan: ReaderPlan, work: Path) -> Reader:
    """Return the reader after all steps of `plan`; a checkpoint is written to `work` every 40 steps."""
    work.mkdir(parents=True, exist_ok=True)
    run, checkpoint = start(base, plan), work / f"reader-{plan.seed}.pt"
    resume(run, checkpoint)
    started, recent = (time.monotonic(), run.step), 0.0
    with ThreadPoolExecutor(plan.threads) as pool:
        for number, batch in enumerate(batches(material, maker, plan)):
            if run.step >= plan.steps:
                break
            if number < started[1]:
                continue
            cost = advance(run, batch, plan, pool)
            recent = cost if run.step == started[1] + 1 else 0.95 * recent + 0.05 * cost
            if run.step % 10 == 0:
                runs.report(run.step, plan.steps, recent, started)
            if run.step % 40 == 0 or run.step == plan.steps:
                save(run, checkpoint)
    return run.reader
