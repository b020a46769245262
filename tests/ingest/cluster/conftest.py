import os
import sys
from collections.abc import Iterator

import pytest

ray = pytest.importorskip("ray", reason="these tests start Ray; install wherein[cluster]")


@pytest.fixture(scope="session")
def two_cores() -> Iterator[None]:
    """Ray on this machine, as if it had two cores, for all tests; what a test imports its actors import, too."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    before = os.environ.get("PYTHONPATH")
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, sys.path))
    ray.init(
        num_cpus=2, include_dashboard=False, log_to_driver=False, logging_level="ERROR", object_store_memory=100_000_000
    )
    os.environ.pop("PYTHONPATH") if before is None else os.environ.update(PYTHONPATH=before)
    yield
    ray.shutdown()
