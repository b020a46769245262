"""The program does without pandas, which sqlite-utils would import; a Python program keeps it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

FROM_THE_COMMAND = """
import sys
from wherein.cli import main
sys.argv[1:] = ["--library", "library", "status"]
try:
    main()
except SystemExit:
    pass
import sqlite_utils.db
assert "pandas" not in sys.modules and sqlite_utils.db.pd is None
import pandas
assert pandas.Timestamp
"""
IN_A_PROGRAM = """
import wherein, sqlite_utils.db
assert sqlite_utils.db.pd.Timestamp
"""


@pytest.mark.parametrize("program", [FROM_THE_COMMAND, IN_A_PROGRAM])
def test_sqlite_utils_imports_pandas_only_in_a_program(tmp_path: Path, program: str) -> None:
    (tmp_path / "pandas.py").write_text("class Timestamp:\n    pass\n")
    paths = os.pathsep.join([str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])])
    run = [sys.executable, "-c", program]
    subprocess.run(run, cwd=tmp_path, env={**os.environ, "PYTHONPATH": paths}, check=True)
