"""`wherein serve`, as a process of its own."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from conftest import Command
from wherein.commands.serve import _report_end
from wherein.errors import WhereinError
from wherein.installation import install_command
from wherein.library import Library

TOKEN = "0123456789abcdef0123456789abcdef"


@contextmanager
def process(environment: dict[str, str], *words: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Start a server on a free port; yield the process and the address that it prints."""
    with subprocess.Popen(
        [sys.executable, "-m", "wherein", "serve", "--port", "0", *words],
        env=environment, stderr=subprocess.PIPE, text=True,
    ) as started:  # fmt: skip
        assert started.stderr is not None
        try:
            lines = []
            for line in started.stderr:
                lines.append(line)
                if line.startswith("http://"):
                    break
            else:
                pytest.fail("".join(lines))
            yield started, line.strip()
        finally:
            started.kill()


def ready(address: str) -> None:
    until = time.monotonic() + 60
    while httpx.get(f"{address}/readyz", trust_env=False).status_code != 200:
        assert time.monotonic() < until
        time.sleep(0.05)


@pytest.fixture
def filled(open_library: Callable[[], Library], tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("Cats sleep all day.")
    with open_library() as library:
        library.ingest([tmp_path / "a.txt"])


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT])
def test_it_serves_until_it_is_asked_to_stop(filled: None, environment: dict[str, str], sent: signal.Signals) -> None:
    with process(environment) as (server, address):
        ready(address)
        answer = httpx.post(f"{address}/v1/query", json={"question": "what do cats do?"}, trust_env=False).json()
        assert answer["hits"][0]["text"] == "Cats sleep all day."
        server.send_signal(sent)
        assert server.wait(30) == 0
        assert server.stderr is not None
        rest = server.stderr.read()
    assert "Traceback" not in rest
    assert "interrupted" not in rest
    assert "POST /v1/query 200" in rest


def test_another_address_needs_a_token_and_says_what_to_put_before_it(
    filled: None, wherein: Command, environment: dict[str, str], tmp_path: Path
) -> None:
    refused = wherein("serve", "--host", "0.0.0.0", "--port", "0")
    assert (refused.returncode, refused.stderr) == (
        2,
        "wherein: Others can reach 0.0.0.0, so give a secret with --token-file; make one: openssl rand -hex 32\n",
    )
    secret = tmp_path / "token"
    secret.write_text(f"{TOKEN}\n")
    secret.chmod(0o600)
    with process(environment, "--host", "0.0.0.0", "--token-file", str(secret)) as (_, address):
        port = address.rpartition(":")[2]
        own = f"http://127.0.0.1:{port}/v1/documents"
        assert httpx.get(own, trust_env=False).status_code == 401
        assert httpx.get(own, headers={"Authorization": f"Bearer {TOKEN}"}, trust_env=False).status_code == 200


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "cannot be read: No such file or directory"),
        ("", "is too short, or not one word"),
        ("short", "is too short, or not one word"),
        ("two words that are long enough", "is too short, or not one word"),
        ("é" * 20, "cannot be read: it is not ASCII"),
    ],
)
def test_a_poor_token_is_refused(wherein: Command, tmp_path: Path, content: str | None, message: str) -> None:
    secret = tmp_path / "token"
    if content is not None:
        secret.write_text(content)
    refused = wherein("serve", "--port", "0", "--token-file", str(secret))
    assert refused.returncode == 2
    assert message in refused.stderr
    assert refused.stderr.count("\n") == 1


def test_a_port_that_is_taken_is_a_sentence(wherein: Command) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        refused = wherein("serve", "--port", port)
    assert refused.returncode == 1
    assert refused.stderr == (
        f"wherein: Cannot listen on 127.0.0.1 port {port}: Address already in use;"
        " choose another with --port or --host\n"
    )


@pytest.mark.parametrize(
    "words",
    [
        ["--host", "no.such.host.invalid", "--token-file"],
        ["--root", "/no/such"],
        ["--port", "70000"],
        ["--max-upload", "0"],
    ],
)
def test_a_wrong_option_is_a_sentence(wherein: Command, tmp_path: Path, words: list[str]) -> None:
    secret = tmp_path / "token"
    secret.write_text(TOKEN)
    secret.chmod(0o600)
    refused = wherein("serve", *words, *([str(secret)] if words[-1] == "--token-file" else []))
    assert refused.returncode in (1, 2)
    assert "Traceback" not in refused.stderr


@pytest.mark.parametrize(
    "package", ["starlette", "uvicorn", "msgspec", "prometheus_client", "httptools", "python_multipart"]
)
def test_a_missing_package_is_a_sentence(environment: dict[str, str], tmp_path: Path, package: str) -> None:
    (tmp_path / "without").mkdir()
    (tmp_path / "without" / "sitecustomize.py").write_text(f"import sys\nsys.modules[{package!r}] = None\n")
    path = os.pathsep.join((str(tmp_path / "without"), environment.get("PYTHONPATH", "")))
    done = subprocess.run(
        [sys.executable, "-m", "wherein", "serve", "--port", "0"], env={**environment, "PYTHONPATH": path},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr == (
        f"wherein: The server needs the package {package}, which is not installed; install it with:"
        f" {install_command('server')}\n"
    )


@pytest.mark.workers
def test_what_is_saved_is_found_while_it_watches(
    open_library: Callable[[], Library], environment: dict[str, str], tmp_path: Path
) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "cats.txt").write_text("Cats sleep all day.")
    with open_library() as library:
        library.ingest([docs])
    with process(environment, "--watch") as (server, address):
        ready(address)
        (docs / "dogs.txt").write_text("Dogs bark at strangers.")
        until = time.monotonic() + 120
        while True:
            found = httpx.post(f"{address}/v1/query", json={"question": "who barks at strangers?"}, trust_env=False)
            if found.json()["hits"][0]["text"] == "Dogs bark at strangers.":
                break
            assert time.monotonic() < until, found.text
            time.sleep(0.1)
        assert "The sources are watched" in httpx.get(f"{address}/library", trust_env=False).text
        server.send_signal(signal.SIGTERM)
        assert server.wait(60) == 0
        assert server.stderr is not None
        assert "1 new" in server.stderr.read()


def test_a_watch_that_ends_by_an_error_is_reported(capsys: pytest.CaptureFixture[str]) -> None:
    class Ended:
        def wait(self) -> None:
            raise WhereinError("The disk is full")

    _report_end(Ended())  # type: ignore[arg-type]
    expected = "the sources are no longer followed: The disk is full; to follow them again, restart the server"
    assert expected in capsys.readouterr().err
