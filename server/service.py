"""What every operation uses: the library, the settings, the threads, the tasks and the metrics."""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import Event
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wherein.library import Library
    from wherein.server.metrics import Metrics
    from wherein.server.runner import Runner
    from wherein.server.settings import Settings
    from wherein.server.tasks import Tasks

__all__ = ["Service"]


@dataclass(frozen=True)
class Service:
    """One server. `warm` is set when the first question will not wait for the model, `stopping` when it shuts down."""

    library: Library
    settings: Settings
    runner: Runner
    tasks: Tasks
    metrics: Metrics
    warm: Event = field(default_factory=Event)
    stopping: Event = field(default_factory=Event)
