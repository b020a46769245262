"""The actors of a run: calls go to those that live, and again to another when one dies.

Ray could restart actors itself, but then calls would wait for a node that does not come back, while others are idle.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from wherein.errors import WhereinError
from wherein.ingest.cluster.actor import IngestActor
from wherein.ingest.cluster.ray_module import require_ray
from wherein.ingest.cluster.recipe import EncoderRecipe

__all__ = ["ActorDiedThriceError", "Actors", "Call"]

_MAX_DEATHS = 3
_MAX_FAILED_STARTS = 3
# Loading a model on a machine that has not compiled it yet takes half a minute.
_STARTING_SECONDS = 300.0
_POLL_SECONDS = 0.5


class ActorDiedThriceError(WhereinError):
    """Three actors died while they worked on the same call: no other is to follow them."""


@dataclass(eq=False)
class _Member:
    """An actor; `ready` is a reference to its fingerprint, None once that has come. `calls` are under way, by method.

    Files are read far ahead of what is embedded: calls of one method say nothing of how long those of another wait.
    `blamed` has the methods of which a call has been blamed for the death of the actor.
    """

    actor: Any
    ready: Any
    calls: Counter[str] = field(default_factory=Counter)
    blamed: set[str] = field(default_factory=set)


@dataclass(eq=False)
class Call:
    """A call of a method; `ref` is None until an actor has it."""

    method: str
    arguments: tuple[Any, ...]
    member: _Member | None = None
    ref: Any = None
    deaths: int = 0
    done: bool = False
    value: Any = field(default=None, repr=False)


class Actors:
    """`count` actors with `threads` threads each, on the nodes of the cluster that Ray is connected to."""

    def __init__(self, recipe: EncoderRecipe, count: int, threads: int) -> None:
        self._ray = require_ray()
        # A call that reads and one that embeds run at once in an actor; Ray itself tries nothing again.
        remote = self._ray.remote(
            num_cpus=threads, max_restarts=0, max_task_retries=0, concurrency_groups={"read": 1, "embed": 1}
        )
        self._class = remote(IngestActor)
        self._arguments = self._ray.cloudpickle.dumps(recipe), threads, list(filter(None, sys.path))
        self._failed_starts = 0  # since the last one that succeeded
        self.count = count
        self._members = [self._start() for _ in range(count)]

    def call(self, method: str, *arguments: Any) -> Call:
        """Have an actor do something."""
        call = Call(method, arguments)
        self._send(call)
        return call

    def result(self, call: Call) -> Any:
        """Wait for a call, and return its value. Raises what it raised, and ActorDiedThriceError."""
        while not call.done:
            self.wait([call])
        return call.value

    def wait(self, calls: Sequence[Call], seconds: float | None = None) -> list[Call]:
        """Wait until one of the calls is done, and return those that are, maybe none; at most some seconds.

        Raises what a call raised.
        """
        done = [call for call in calls if call.done]
        by_ref = {call.ref: call for call in calls if not call.done}
        if done or not by_ref:
            return done
        refs, _ = self._ray.wait([*by_ref], num_returns=len(by_ref), timeout=0)
        if not refs:
            refs, _ = self._ray.wait([*by_ref], num_returns=1, timeout=seconds)
        return [call for ref in refs if self._finish(call := by_ref[ref])]

    def close(self) -> None:
        """End all actors at once."""
        for member in self._members:
            self._ray.kill(member.actor)
        self._members = []

    def _start(self) -> _Member:
        actor = self._class.remote(*self._arguments)
        return _Member(actor, actor.ready.remote())

    def _ready_members(self) -> list[_Member]:
        """Return the actors that have loaded their model; those that died before are replaced."""
        waiting = {member.ready: member for member in self._members if member.ready is not None}
        if waiting:
            refs, _ = self._ray.wait([*waiting], num_returns=len(waiting), timeout=0)
            for ref in refs:
                self._note_ready(waiting[ref])
        return [member for member in self._members if member.ready is None]

    def _note_ready(self, member: _Member) -> None:
        try:
            self._ray.get(member.ready)
            member.ready, self._failed_starts = None, 0
        except self._ray.exceptions.RayTaskError as error:
            raise _as_raised(error) from None
        except self._ray.exceptions.RayError as error:
            self._failed_starts += 1
            if self._failed_starts > _MAX_FAILED_STARTS * self.count:
                reason = str(error).strip().splitlines()[-1]
                raise WhereinError(f"The actors of Ray cannot be started: {reason}") from None
            self._replace(member)

    def _replace(self, member: _Member) -> None:
        if member in self._members:
            self._members[self._members.index(member)] = self._start()

    def _send(self, call: Call) -> None:
        call.member = self._idlest(call.method)
        call.member.calls[call.method] += 1
        method = getattr(call.member.actor, call.method)
        call.ref = method.options(concurrency_group=call.method).remote(*call.arguments)

    def _idlest(self, method: str) -> _Member:
        deadline = time.monotonic() + _STARTING_SECONDS
        while not (ready := self._ready_members()):
            if time.monotonic() > deadline:
                raise WhereinError(
                    f"No actor could be started within {_STARTING_SECONDS:.0f} s; look at the cluster with: ray status"
                )
            time.sleep(_POLL_SECONDS / 10)
        return min(ready, key=lambda member: member.calls[method])

    def _finish(self, call: Call) -> bool:
        """Take the value of a call that has ended; return False when its actor has died and another one has it now."""
        assert call.member is not None
        call.member.calls[call.method] -= 1
        try:
            call.value = self._ray.get(call.ref)
        except self._ray.exceptions.RayTaskError as error:
            raise _as_raised(error) from None
        except self._ray.exceptions.RayError:  # the actor or its node died, or the value was lost with its node
            # Calls of a method run, and are waited for, in their order: only the first to fail can have been running.
            call.deaths += call.method not in call.member.blamed
            call.member.blamed.add(call.method)
            self._replace(call.member)
            if call.deaths == _MAX_DEATHS:
                raise ActorDiedThriceError(f"{_MAX_DEATHS} actors of Ray died while doing the same work") from None
            self._send(call)
            return False
        call.done = True
        return True


def _as_raised(error: Any) -> Exception:
    """Return the error that an actor raised, without Ray's report of where."""
    if isinstance(error.cause, WhereinError):
        return error.cause
    return WhereinError(f"An actor of Ray failed: {type(error.cause).__name__}: {error.cause}")
