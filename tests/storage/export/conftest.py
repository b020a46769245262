import pytest

pytest.importorskip("pyarrow", reason="exports are Parquet files; install wherein[cluster]")
