"""A web server for models: it serves a folder, with ranges, or misbehaves as a test asks."""

import re
import threading
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

BIN = "FP32-INT8/tiny.bin"


class Server:
    """Serves a folder, with ranges, and does what a test asks of it instead."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.asked: list[tuple[str, str | None]] = []
        self.cut_after: int | None = None  # end each answer for the weights after so many bytes
        self.stop_after: int | None = None  # send so many bytes of them, and then nothing more
        self.ranges = True
        self.done = threading.Event()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, self))
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/"
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    def close(self) -> None:
        self.done.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def ranges_of(self, path: str) -> list[str | None]:
        return [asked for place, asked in self.asked if place == path]


class Handler(BaseHTTPRequestHandler):
    def __init__(self, behavior: Server, *arguments: object) -> None:
        self.behavior = behavior
        super().__init__(*arguments)

    def do_GET(self) -> None:
        path = self.path.lstrip("/")
        wanted = self.headers.get("Range")
        self.behavior.asked.append((path, wanted))
        if not (self.behavior.root / path).is_file():
            self.send_error(404)
            return
        data = (self.behavior.root / path).read_bytes()
        begin = int(re.fullmatch(r"bytes=(\d+)-", wanted).group(1)) if wanted and self.behavior.ranges else 0
        if begin >= len(data):
            self.send_error(416)
            return
        self.send_response(206 if begin else 200)
        if begin:
            self.send_header("Content-Range", f"bytes {begin}-{len(data) - 1}/{len(data)}")
        self.send_header("Content-Length", str(len(data) - begin))
        self.end_headers()
        self._send(data[begin:], path == BIN)

    def _send(self, data: bytes, is_weights: bool) -> None:
        limits = [limit for limit in (self.behavior.cut_after, self.behavior.stop_after) if limit is not None]
        self.wfile.write(data[: min(limits)] if limits and is_weights else data)
        self.wfile.flush()
        if is_weights and self.behavior.stop_after is not None:
            self.behavior.done.wait()

    def log_message(self, *_: object) -> None:
        pass
