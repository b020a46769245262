"""A training's checkpoints, from which a stopped run resumes, and its progress."""

import pickle
import time
from pathlib import Path
from typing import Any, Protocol

import torch

from wherein.errors import WhereinError


class Stateful(Protocol):
    """A network or an optimizer."""

    def state_dict(self) -> dict[str, Any]:
        """Return the state."""

    def load_state_dict(self, state_dict: dict[str, Any]) -> object:
        """Restore a state."""


def save(path: Path, step: int, **parts: Stateful) -> None:
    """Write a checkpoint; if the process is killed meanwhile, the previous one is kept."""
    fresh = path.with_suffix(".part")
    torch.save({"step": step, **{name: part.state_dict() for name, part in parts.items()}}, fresh)
    fresh.replace(path)


def resume(path: Path, **parts: Stateful) -> int:
    """Restore the parts from the checkpoint at `path`, if there is one, and return the number of steps done.

    Raises WhereinError when it cannot be read.
    """
    if not path.is_file():
        return 0
    try:
        state: dict[str, Any] = torch.load(path, weights_only=True)
        for name, part in parts.items():
            part.load_state_dict(state[name])
        step = int(state["step"])
    except (OSError, RuntimeError, KeyError, ValueError, EOFError, pickle.UnpicklingError) as error:
        raise WhereinError(f"{path} cannot be read ({type(error).__name__}); delete it to start over") from error
    print(f"resuming after step {step}", flush=True)
    return step


def report(step: int, total: int, cost: float, started: tuple[float, int]) -> None:
    """Print the progress. `started` is the time (of `time.monotonic`) and the step at which this process started."""
    each = (time.monotonic() - started[0]) / (step - started[1])
    end = time.strftime("%H:%M", time.localtime(time.time() + each * (total - step)))
    print(f"step {step}/{total} loss {cost:.4f} {each:.1f} s a step, ends at {end}", flush=True)
