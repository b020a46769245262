"""Figures for Prometheus."""

from __future__ import annotations

import time
from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from starlette.types import ASGIApp, Receive, Scope, Send

from wherein.server.watched_send import WatchedSend

__all__ = ["METRICS_TYPE", "Measuring", "Metrics"]

METRICS_TYPE = CONTENT_TYPE_LATEST

_BUCKETS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60)


class Metrics:
    """The figures of one server, in a registry of their own."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        ProcessCollector(registry=self._registry)
        self.requests = Counter(
            "wherein_requests", "Requests that were answered.", ["operation", "status"], registry=self._registry
        )
        self.seconds = Histogram(
            "wherein_request_seconds", "Time from a request to its answer.", ["operation"], buckets=_BUCKETS,
            registry=self._registry,
        )  # fmt: skip

    def watch(self, name: str, what: str, value: Callable[[], float]) -> None:
        """Show what a function returns as a gauge."""
        Gauge(name, what, registry=self._registry).set_function(value)

    def text(self) -> bytes:
        """Return all figures in Prometheus's text format."""
        return generate_latest(self._registry)


class Measuring:
    """Counts and times the requests of each route; its name stands for every path that matches it."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, sent = time.perf_counter(), WatchedSend(send)
        try:
            await self._app(scope, receive, sent)
        finally:
            route = scope.get("route")
            operation = getattr(route, "name", None) or "none"
            self._metrics.requests.labels(operation, str(sent.status or 500)).inc()
            self._metrics.seconds.labels(operation).observe(time.perf_counter() - began)
