"""A node of the cluster is removed while its actors work."""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

pytestmark = [pytest.mark.cluster]

# In a process of its own: Ray connects a process to one cluster.
SCRIPT = """
import sys, threading, time
from pathlib import Path
import ray
from ray.cluster_utils import Cluster
from toy import ToyEncoder
from toy_recipe import SlowRecipe
from wherein.ingest.cluster.engine import RayEngine
from wherein.ingest.progress.events import Progress
from wherein.library import Library

folder = Path(sys.argv[1])
cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
node = cluster.add_node(num_cpus=1)
ray.init(address=cluster.address, log_to_driver=False, logging_level="ERROR")
began = threading.Event()

def report(event):
    if isinstance(event, Progress) and event.embedded:
        began.set()

def remove():
    began.wait(60)
    cluster.remove_node(node, allow_graceful=False)
    print("removed yes", flush=True)

thread = threading.Thread(target=remove)
thread.start()
library = Library(folder / "library", encoder=ToyEncoder())
summary = library.ingest([str(folder / "docs")], report=report, engine=RayEngine(actors=2, recipe=SlowRecipe()))
thread.join()
found = [(one.uri, one.chunks) for one in library.documents()]
other = Library(folder / "other", encoder=ToyEncoder())
expected = other.ingest([str(folder / "docs")])
for name, one in (("counts", summary), ("expected", expected)):
    print(name, one.new, one.chunks, one.embedded, one.failed, flush=True)
print("same", found == [(one.uri, one.chunks) for one in other.documents()], flush=True)
ray.shutdown()
cluster.shutdown()
"""


def test_a_removed_node_loses_and_doubles_nothing(tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    for number in range(60):
        words = " ".join(f"word{(number * k) % 977}" for k in range(800))
        (docs / f"{number}.txt").write_text(f"Document {number}.\n\n{words}")
    environment = {
        **os.environ, "RAY_USAGE_STATS_ENABLED": "0", "PYTHONPATH": os.pathsep.join(filter(None, sys.path)),
    }  # fmt: skip
    run = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(SCRIPT), str(tmp_path)],
        env=environment, capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    # Ray writes a line about the node to standard output as well.
    found = {name: rest for name, _, rest in (line.partition(" ") for line in run.stdout.splitlines())}
    assert found["counts"] == found["expected"]
    assert found["counts"].startswith("60 ")
    assert (found["removed"], found["same"]) == ("yes", "True")
