"""The process that reads files."""

import subprocess
import sys
from pathlib import Path

import wherein

ROOT = Path(wherein.__file__).parent


def test_a_worker_has_nothing_of_ours(tmp_path: Path) -> None:
    code = (
        "import sys; from wherein.ingest.workers import worker;"
        " print([name for name in ('openvino', 'faiss', 'sqlite3', 'sqlite_utils', 'tokenizers', 'click')"
        " if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
