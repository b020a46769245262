"""A server on this machine with the layout of the Hugging Face Hub: one model, whose files are those of a folder.

GET /api/models/OWNER/NAME/revision/REVISION    the files, with their sizes and hashes
HEAD, GET /OWNER/NAME/resolve/REVISION/PATH     a file; one in Git LFS is a redirect to another path
"""

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

__all__ = ["COMMIT", "Hub", "serve"]

COMMIT = "5c38ec7c405ec4b44b94cc5a9bb96e735b38267a"


@dataclass
class Hub:
    """What the server has, and how it fails.

    `breaks` has for a file after how many bytes its connection ends, `replaced` what is sent in its place, and
    `refuses` the code and the name of the error that every request gets. `requests` are those that came.
    """

    folder: Path
    repository: str = "owner/tiny-v2"
    branch: str = "main"
    breaks: dict[str, int] = field(default_factory=dict)
    replaced: dict[str, bytes] = field(default_factory=dict)
    refuses: tuple[int, str] | None = None
    requests: list[str] = field(default_factory=list)
    url: str = ""

    def listing(self) -> dict[str, object]:
        return {
            "id": self.repository,
            "modelId": self.repository,
            "sha": COMMIT,
            "private": False,
            "tags": [],
            "cardData": {"license": "mit"},
            "siblings": [self._sibling(path) for path in sorted(self.folder.rglob("*")) if path.is_file()],
        }

    def _sibling(self, path: Path) -> dict[str, object]:
        data = path.read_bytes()
        lfs = {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data), "pointerSize": 130}
        return {
            "rfilename": path.relative_to(self.folder).as_posix(),
            "size": len(data),
            "blobId": git_hash(data),
            **({"lfs": lfs} if is_large(path.name) else {}),
        }

    def downloads(self) -> list[str]:
        """Return the files that were sent, one in Git LFS by the redirect to it."""
        return [request.partition(f"{COMMIT}/")[2] for request in self.requests if request.startswith("GET /owner")] + [
            request.removeprefix("GET /cdn/") for request in self.requests if request.startswith("GET /cdn/")
        ]


def git_hash(data: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


def is_large(name: str) -> bool:
    return name.endswith((".bin", "tokenizer.json"))


@contextmanager
def serve(hub: Hub) -> Iterator[str]:
    """Yield the server's address."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"hub": hub}))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        hub.url = f"http://127.0.0.1:{server.server_port}"
        yield hub.url
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Handler(BaseHTTPRequestHandler):
    hub: Hub

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def log_message(self, *_: object) -> None:
        pass

    def _answer(self) -> None:
        hub, path = self.hub, urlsplit(self.path).path
        hub.requests.append(f"{self.command} {path}")
        if hub.refuses:
            return self._send(hub.refuses[0], b"{}", {"X-Error-Code": hub.refuses[1]})
        api, resolve = f"/api/models/{hub.repository}/revision/", f"/{hub.repository}/resolve/"
        for prefix in (api, resolve):
            if path.startswith(prefix):
                revision, _, file = path.removeprefix(prefix).partition("/")
                if revision not in (hub.branch, COMMIT):
                    return self._send(404, b"{}", {"X-Error-Code": "RevisionNotFound"})
                if prefix == api:
                    content = json.dumps(hub.listing()).encode()
                    return self._send(200, content, {"Content-Type": "application/json"})
                return self._file(file)
        if path.startswith("/cdn/"):
            return self._content(path.removeprefix("/cdn/"), {})
        return self._send(404, b"{}", {"X-Error-Code": "RepoNotFound"})

    def _file(self, file: str) -> None:
        if not (self.hub.folder / file).is_file():
            return self._send(404, b"", {"X-Error-Code": "EntryNotFound", "X-Repo-Commit": COMMIT})
        data = (self.hub.folder / file).read_bytes()
        if is_large(file):
            linked = {"X-Linked-Etag": f'"{hashlib.sha256(data).hexdigest()}"', "X-Linked-Size": str(len(data))}
            other = self.hub.url.replace("127.0.0.1", "localhost")  # the client follows redirects to the same host
            return self._send(302, b"", {"Location": f"{other}/cdn/{file}", "X-Repo-Commit": COMMIT, **linked})
        return self._content(file, {"X-Repo-Commit": COMMIT, "ETag": f'"{git_hash(data)}"'})

    def _content(self, file: str, headers: dict[str, str]) -> None:
        data = self.hub.replaced.get(file, (self.hub.folder / file).read_bytes())
        self._send(200, data, headers, self.hub.breaks.get(file) if self.command == "GET" else None)

    def _send(self, status: int, data: bytes, headers: dict[str, str], end: int | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(data)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data[:end])
