import os
from collections.abc import Iterator

import pytest

ray = pytest.importorskip("ray", reason="these tests start Ray; install wherein[cluster]")


@pytest.fixture(scope="session")
def two_cores() -> Iterator[None]:
    """Ray on this machine, as if it had two cores, for all tests."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    ray.init(
        num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level="ERROR", object_store_memory=100_000_000
    )
    yield
    ray.shutdown()
