"""A pool that reads files in this process, for tests that are not about processes."""

from collections.abc import Iterator

from wherein.errors import Unreadable
from wherein.ingest.document import Document, Problem
from wherein.ingest.readers.shared.skipped import Skipped
from wherein.ingest.workers.parse import SKIPPED, Items, Job, Opened, read

__all__ = ["InlinePool"]


class _Task:
    def __init__(self, job: Job) -> None:
        self.job = job
        self._messages = read(job)

    def opened(self) -> Opened:
        message = next(self._messages)
        assert isinstance(message, Opened)
        return message

    def documents(self) -> Iterator[Document | Problem]:
        for message in self._messages:
            if isinstance(message, Items):
                yield from message.items
            elif trouble := message.trouble:
                raise (Skipped if trouble.kind == SKIPPED else Unreadable)(trouble.reason)


class InlinePool:
    """Stands in for `wherein.ingest.workers.pool.Pool`; `submitted` are the jobs in their order."""

    def __init__(self, jobs: int | None = None) -> None:
        self.jobs = jobs or 1
        self.submitted: list[Job] = []
        self.closed = False

    def submit(self, job: Job) -> _Task:
        self.submitted.append(job)
        return _Task(job)

    def close(self) -> None:
        self.closed = True
