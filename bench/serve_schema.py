"""Schemathesis against the HTTP API: no 5xx, and every answer is as /openapi.json describes it.

    python bench/serve_schema.py [--seconds 120] [--phases examples,coverage,fuzzing,stateful]

Needs `pip install schemathesis`. The library is small and has a toy encoder; it is changed by the requests. What the
operations refuse beyond their schemas (a question of blanks, a condition that cannot be parsed) has the status 422. The
stateful phase follows the links between operations. A removal is a task, for whose end bench/serve_schema_hooks.py
waits; after that the document must be gone.
"""

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from served import serving
from toy import ToyEncoder
from wherein.library import Library
from wherein.server.settings import Settings

CONFIG = """
hooks = "serve_schema_hooks"

[checks]
# What a schema cannot say is refused with 422; an unknown task, document or chunk with 404.
positive_data_acceptance.expected-statuses = ["2xx", 401, 403, 404, 409, 413, 422, 429]
negative_data_rejection.expected-statuses = [400, 401, 403, 404, 405, 413, 415, 421, 422]
"""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=120)
    parser.add_argument("--phases", default="examples,coverage,fuzzing,stateful")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work).resolve()
        docs = folder / "docs"
        docs.mkdir()
        for number in range(20):
            (docs / f"{number}.txt").write_text(f"Text {number} tells of cats, dogs and the number {number}.\n" * 20)
        (folder / "schemathesis.toml").write_text(CONFIG)
        shutil.copy(Path(__file__).with_name("serve_schema_hooks.py"), folder)  # found there; bench has an `encodings`
        library = Library(folder / "library", encoder=ToyEncoder(), jobs=1)
        with library:
            library.ingest([docs])
            with serving(library, Settings(roots=(str(docs),), queue=1_000, tasks=100_000)) as served:
                code = run(served.port, folder, chosen.seconds, chosen.phases)
                states = {task.state for task in served.service.tasks.newest()}
            print(f"{len(library.verify().findings)} findings in the library; tasks ended {', '.join(sorted(states))}")
    return code


def run(port: int, folder: Path, seconds: int, phases: str) -> int:
    command = [
        *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(folder / "schemathesis.toml"), "run"),
        *(f"http://127.0.0.1:{port}/openapi.json", "--phases", phases, "--max-time", str(seconds)),
        *("--checks", "all", "--exclude-checks", "ignored_auth", "--continue-on-failure", "--warnings", "off"),
    ]
    return subprocess.run(command, cwd=folder, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
