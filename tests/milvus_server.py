"""A Milvus server of the tests' own: the package `milvus` 2.3.5, in a process that a test may kill and start again.

Its etcd listens at a fixed port, so that one such server runs on a machine at a time.
"""

import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from select import select
from types import TracebackType

__all__ = ["MilvusServer", "missing_server"]

PYTHON = os.environ.get("MILVUS_SERVER_PYTHON", "")
"""The interpreter of an environment with `milvus` 2.3.5 and `setuptools<70`, which that version needs."""

_SECONDS = 180
# Its own test of a port fails for a minute after a server with open connections was killed, and it takes another port.
_START = """
import socket, sys, time
from milvus import MilvusServer, MilvusServerConfig

def try_bind_port(self, port):
    try:
        return socket.create_server(("127.0.0.1", port))  # reuses the address, as the server itself does
    except OSError:
        return None

MilvusServerConfig.try_bind_port = try_bind_port
server = MilvusServer()
server.set_base_dir(sys.argv[1])
server.listen_port = int(sys.argv[2])
server.start()
print("PORT", server.listen_port, flush=True)
while True:
    time.sleep(1)
"""


def missing_server() -> str:
    """Return why no server can be started, "" if one can."""
    if find_spec("pymilvus") is None:
        return "pymilvus is not installed; install wherein[cluster]"
    if not Path(PYTHON).is_file():
        return "MILVUS_SERVER_PYTHON names no interpreter that has the package milvus 2.3.5"
    found = subprocess.run([PYTHON, "-c", "import milvus"], capture_output=True, text=True, check=False)
    return "" if found.returncode == 0 else f"the package milvus is not installed for {PYTHON}"


class MilvusServer:
    """A running server; `host` is its host and port, which stay when it is started again."""

    def __init__(self, port: int = 19_555) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="wherein-milvus-"))
        self._port = port
        self._process: subprocess.Popen[str] | None = None
        self.start()

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self._port}"

    def start(self) -> None:
        """Start it, and wait until it answers. Raises RuntimeError when it does not."""
        try:
            self._start()
        except BaseException:
            self.kill()
            raise

    def _start(self) -> None:
        self._process = subprocess.Popen(
            [PYTHON, "-c", _START, str(self.folder), str(self._port)],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, start_new_session=True,
        )  # fmt: skip
        assert self._process.stdout is not None
        ends = time.monotonic() + _SECONDS
        while time.monotonic() < ends:
            if not select([self._process.stdout], [], [], 1)[0]:
                continue
            line = self._process.stdout.readline()
            if match := re.match(r"PORT (\d+)", line):
                self._port = int(match[1])
                return
            if not line and self._process.poll() is not None:
                raise RuntimeError(f"the server ended with {self._process.returncode}")
        raise RuntimeError("the server did not start")

    def kill(self) -> None:
        """Kill it and the server's own process, as the kernel would that has no memory left."""
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            if self._process.stdout is not None:
                self._process.stdout.close()
            self._process = None

    def __enter__(self) -> "MilvusServer":
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)
