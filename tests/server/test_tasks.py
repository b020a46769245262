"""Changes of the library: uploads, sources, removals and reindexes."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from served import Served, serving
from toy import ToyEncoder
from web_server import Answer, Site, site
from wherein.ingest.sources import web_connection
from wherein.library import Library
from wherein.server.settings import Settings
from wherein.storage.disk.lock import writer_lock


def uris(served: Served) -> list[str]:
    return [one["uri"] for one in served.get("/v1/documents").json()["documents"]]


def sources(served: Served, *names: str, **options: Any) -> Any:
    return served.done(served.post("/v1/sources", json={"sources": list(names), **options}))


# What both the API and the page show.


def test_the_messages_of_a_task_name_what_each_surface_has(served: Served, docs: Path) -> None:
    task = sources(served, str(docs), exclude=["*.zzz"])
    assert [note.text for note in task.notes] == ["`exclude` '*.zzz' matches nothing"]
    assert "the exclusion &#39;*.zzz&#39; matches nothing" in served.get("/library/tasks").text


def test_the_name_of_a_file_is_not_reworded(served: Served) -> None:
    task = served.done(served.post("/v1/documents", params={"name": "my --exclude.pdf"}, content=b"no PDF"))
    assert [one.uri for one in task.problems] == ["stdin:my --exclude.pdf"]


def test_the_notes_of_a_document_name_what_each_surface_has(served: Served) -> None:
    served.done(served.post("/v1/documents", params={"name": "a.csv"}, content=b"id,name\n1,apples\n2,pears\n"))
    (document,) = [one for one in served.get("/v1/documents").json()["documents"] if one["uri"] == "stdin:a.csv"]
    of_rows = "none of its columns is called text, content or body; {} NAME makes a document of each row"
    assert document["notes"] == [of_rows.format("`text_field`")]
    number = document["id"]
    assert served.get(f"/v1/documents/{number}").json()["document"]["notes"] == document["notes"]
    assert of_rows.format("the API&#39;s `text_field`") in served.get(f"/documents/{number}").text


def test_the_problem_of_a_failed_task_names_what_each_surface_has(tmp_path: Path) -> None:
    with (
        Library(tmp_path / "empty", encoder=ToyEncoder()) as library,  # type: ignore[arg-type]
        serving(library, Settings()) as served,
    ):
        task = served.done(served.post("/v1/reindex", json={}))
        assert (task.state, task.error.hint) == ("failed", "create one with: POST /v1/documents or POST /v1/sources")
        assert "; create one with: Upload or Follow, under Library" in served.get("/library/tasks").text


# Uploads.


@pytest.mark.parametrize(
    ("name", "uri"),
    [
        ("note.txt", "stdin:note.txt"),
        ("../../etc/passwd", "stdin:../../etc/passwd"),
        ("/etc/cron.d/evil", "stdin:/etc/cron.d/evil"),
        ("Größe 東京.md", "stdin:Größe 東京.md"),
        ("a#b\nc", "stdin:a%23b%0Ac"),
    ],
)
def test_an_upload_is_a_document_by_its_name_and_no_file(served: Served, tmp_path: Path, name: str, uri: str) -> None:
    before = sorted(str(path) for path in tmp_path.rglob("*") if "library" not in path.parts)
    task = served.done(served.post("/v1/documents", params={"name": name}, content=b"Birds sing in the morning."))
    assert (task.state, task.kind, list(task.names)) == ("done", "upload", [name])
    assert task.summary.new == 1
    assert served.post("/v1/query", json={"question": "birds"}).json()["hits"][0]["uri"] == uri
    assert sorted(str(path) for path in tmp_path.rglob("*") if "library" not in path.parts) == before


def test_a_form_may_have_several_files(served: Served) -> None:
    files = [("file", ("a.txt", b"Birds sing.")), ("file", ("b.html", b"<p>Fish <b>swim</b>.</p>"))]
    task = served.done(served.post("/v1/documents", files=files))
    assert (task.state, list(task.names), task.summary.new) == ("done", ["a.txt", "b.html"], 2)
    assert {"stdin:a.txt", "stdin:b.html"} <= set(uris(served))


def test_the_same_name_replaces_a_document(served: Served) -> None:
    for text in (b"Birds sing.", b"Fish swim."):
        task = served.done(served.post("/v1/documents", params={"name": "a.txt"}, content=text))
    assert (task.summary.new, task.summary.changed) == (0, 1)


@pytest.mark.parametrize("data", [b"", b"\x7fELF\x02\x01\x01" + bytes(range(256)), b"%PDF-1.7 broken"])
def test_what_cannot_be_read_is_told(served: Served, data: bytes) -> None:
    task = served.done(served.post("/v1/documents", params={"name": "odd"}, content=data))
    assert (task.state, len(task.problems)) == ("done", 1)
    assert task.problems[0].reason


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        ({"content": b"a text"}, 422),
        ({"content": b"a text", "params": {"name": ""}}, 422),
        ({"content": b"a text", "params": {"name": "a\0b"}}, 422),
        ({"content": b"a text", "params": {"name": "a" * 5_000}}, 422),
        ({"content": b"a text", "params": {"name": "a", "encoding": "klingon"}}, 422),
        ({"content": b"a text", "params": {"name": "a", "ocr_languages": "deu eng"}}, 422),
        ({"content": b"x", "headers": {"Content-Type": "multipart/form-data"}}, 400),
        ({"content": b"x", "headers": {"Content-Type": "multipart/form-data; boundary=y"}}, 400),
        ({"content": b"--y--\r\n", "headers": {"Content-Type": "multipart/form-data; boundary=y"}}, 422),
        ({"data": {"file": "text"}, "files": {"other": ("", b"a")}}, 400),
        ({"files": [("file", (f"{n}.txt", b"a")) for n in range(101)]}, 400),
    ],
    ids=lambda value: str(value)[:50],
)
def test_an_upload_that_is_none_is_refused(served: Served, asked: Any, status: int) -> None:
    response = served.post("/v1/documents", **asked)
    assert response.status_code == status, response.text
    assert response.headers["Content-Type"] == "application/problem+json"
    assert served.get("/v1/tasks").json()["tasks"] == []


# Sources.


def test_a_folder_below_a_root_is_ingested_and_followed(served: Served, docs: Path) -> None:
    (docs / "sub").mkdir()
    (docs / "sub" / "bird.txt").write_text("Birds sing in the morning.")
    task = sources(served, str(docs / "sub"))
    assert (task.state, task.summary.new) == ("done", 1)
    assert str(docs / "sub") in [one["uri"] for one in served.get("/v1/sources").json()["sources"]]
    (docs / "sub" / "fish.txt").write_text("Fish swim.")
    assert served.done(served.post("/v1/reindex", json={})).summary.new == 1


@pytest.mark.parametrize(
    "name",
    [
        "/etc/passwd", "/", "/nothing/there", "{docs}/..", "{docs}/../docs2", "{docs}2", "{docs}/../../*",
        "{docs}/*/../../x",         "{docs}/link", "{docs}/link/passwd", "{docs}/link/*", "~root", "/proc/self/environ",
    ],
)  # fmt: skip
def test_nothing_outside_of_the_roots_is_ingested(served: Served, docs: Path, name: str) -> None:
    (docs / "link").symlink_to("/etc")
    docs.with_name("docs2").mkdir()
    response = served.post("/v1/sources", json={"sources": [name.format(docs=docs)]})
    assert (response.status_code, response.json()["code"]) in ((403, "outside_roots"), (422, "invalid"))
    assert served.get("/v1/tasks").json()["tasks"] == []


@pytest.mark.parametrize("name", ["docs", ".", "", " ", "file:///etc/passwd", "a\0b", "~/x"])
def test_a_path_must_be_absolute(served: Served, name: str) -> None:
    response = served.post("/v1/sources", json={"sources": [name]})
    assert (response.status_code, response.json()["code"]) == (422, "invalid")


def test_without_roots_no_path_is_ingested(library: Library, docs: Path) -> None:
    with serving(library) as served:
        response = served.post("/v1/sources", json={"sources": [str(docs)]})
    assert (response.status_code, response.json()["code"]) == (403, "outside_roots")


@pytest.fixture
def unfollowed(tmp_path: Path, docs: Path) -> Iterator[Served]:
    """A server whose library follows nothing yet: what the owner follows has the links that the owner made."""
    library = Library(tmp_path / "unfollowed", encoder=ToyEncoder())  # type: ignore[arg-type]
    with library, serving(library, Settings(roots=(str(docs),))) as served:
        yield served


def test_no_link_leads_out_of_a_source(unfollowed: Served, docs: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "key.txt").write_text("The secret key is under the mat.")
    inside = docs / "inside"
    (inside / "deep").mkdir(parents=True)
    (inside / "real.txt").write_text("Birds sing.")
    (inside / "deep" / "same.txt").symlink_to(inside / "real.txt")
    (inside / "file.txt").symlink_to(secret / "key.txt")
    (inside / "deep" / "folder").symlink_to(secret)
    (inside / "up").symlink_to("..")
    for name in (inside, f"{inside}/**", f"{inside}/*", f"{inside}/*/*"):
        task = sources(unfollowed, str(name))
        reasons = {one.reason for one in task.problems}
        assert reasons <= {"a link that leads out of the source, which is confined", "symbolic link loop"}, name
        assert reasons, name
    unfollowed.done(unfollowed.post("/v1/reindex", json={}))
    assert not [uri for uri in uris(unfollowed) if "secret" in uri or "key" in uri]
    assert f"file://{inside}/real.txt" in uris(unfollowed)


def test_a_source_that_becomes_a_link_is_left_alone(unfollowed: Served, docs: Path, tmp_path: Path) -> None:
    (docs / "sub" / "deep").mkdir(parents=True)
    (docs / "sub" / "deep" / "a.txt").write_text("Birds sing.")
    sources(unfollowed, str(docs / "sub" / "deep"))
    secret = tmp_path / "secret" / "deep"
    secret.mkdir(parents=True)
    (secret / "key.txt").write_text("The secret key is under the mat.")
    (docs / "sub").rename(docs / "other")
    (docs / "sub").symlink_to(secret.parent)
    unfollowed.done(unfollowed.post("/v1/reindex", json={}))
    assert not [uri for uri in uris(unfollowed) if "key" in uri]


@pytest.fixture
def private() -> Iterator[Site]:
    with site() as pages:
        pages.pages["/page"] = Answer(b"<p>The secret of the router.</p>")
        yield pages


@pytest.mark.parametrize(
    "form",
    ["{address}/page", "http://localhost:{port}/page", "http://127.1:{port}/page", "http://2130706433:{port}/page"],
)
def test_a_private_address_is_not_fetched(served: Served, private: Site, form: str) -> None:
    address = form.format(address=private.address, port=private.address.rpartition(":")[2])
    task = sources(served, address)
    assert len(task.problems) == 1
    assert task.problems[0].kind == "failed"
    assert private.paths() == []
    served.done(served.post("/v1/reindex", json={}))
    assert private.paths() == []


@pytest.mark.parametrize(
    "address",
    [
        "http://169.254.169.254/latest/meta-data",
        "http://[::1]:1/",
        "http://10.0.0.1/",
        "http://[fe80::1]/",
        "http://[::ffff:127.0.0.1]:1/",
        "http://0.0.0.0:1/",
    ],
)
def test_other_private_addresses_are_refused_before_a_connection(served: Served, address: str) -> None:
    (problem,) = sources(served, address).problems
    assert "private address" in problem.reason


def test_a_public_page_does_not_redirect_to_a_private_one(
    served: Served, private: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    private.pages["/robots.txt"] = Answer(b"")
    private.pages["/moved"] = Answer(
        status=302, headers={"Location": f"http://127.0.0.2:{private.address.rpartition(':')[2]}/page"}
    )
    is_public: Callable[[str], bool] = web_connection.is_public
    monkeypatch.setattr(web_connection, "is_public", lambda ip: ip == "127.0.0.1" or is_public(ip))
    (problem,) = sources(served, f"{private.address}/moved").problems
    assert "private address 127.0.0.2" in problem.reason
    assert "/page" not in private.paths()


def test_every_address_of_a_name_is_checked(served: Served, private: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    port = int(private.address.rpartition(":")[2])
    found = [(2, 1, 6, "", (ip, port)) for ip in ("127.0.0.1", "10.1.2.3")]
    named = {**vars(socket), "getaddrinfo": lambda *_, **__: found}
    monkeypatch.setattr(web_connection, "socket", SimpleNamespace(**named))
    (problem,) = sources(served, f"http://rebinding.example:{port}/page").problems
    assert "private address 127.0.0.1" in problem.reason
    assert private.paths() == []


def test_what_the_owner_follows_stays_free(tmp_path: Path, docs: Path) -> None:
    outside = tmp_path / "outside.txt"
    outside.write_text("Birds sing.")
    (docs / "link.txt").symlink_to(outside)
    with Library(tmp_path / "library", encoder=ToyEncoder()) as library:  # type: ignore[arg-type]
        library.ingest([docs])
        with serving(library, Settings(roots=(str(docs),))) as served:
            task = sources(served, str(docs))
            assert (task.state, task.summary.unchanged, list(task.problems)) == ("done", 4, [])
            assert served.done(served.post("/v1/reindex", json={})).summary.removed == 0


# Removals, reindexes.


@pytest.mark.parametrize("purge", [False, True])
def test_a_document_is_removed_and_stays_away(served: Served, docs: Path, purge: bool) -> None:
    task = served.done(served.client.delete("/v1/documents/1", params={"purge": purge}))
    assert (task.state, list(task.names)) == ("done", [f"file://{docs}/cats.txt"])
    assert served.get("/v1/documents/1").status_code == 404
    served.done(served.post("/v1/reindex", json={}))
    assert len(uris(served)) == 2
    assert (docs / "cats.txt").exists()


def test_a_reindex_reports_its_stages_and_a_new_generation_answers_the_next_question(
    served: Served, docs: Path
) -> None:
    def generation() -> object:
        answer = served.post("/v1/query", json={"question": "birds", "explain": True}).json()
        return answer["basis"]["keywords_generation"], [hit["uri"].rpartition("/")[2] for hit in answer["hits"][:1]]

    before = generation()
    (docs / "bird.txt").write_text("Birds sing in the morning.")
    task = served.done(served.post("/v1/reindex", json={"index": "exact"}))
    assert (task.state, task.summary.new, bool(task.stage)) == ("done", 1, True)
    assert before != generation()
    assert generation()[1] == ["bird.txt"]  # type: ignore[index]


@pytest.mark.parametrize(
    "body", [{"index": "flat"}, {"margin": -1}, {"margin": 101}, {"model": "other"}, {"accept_removals": 1}]
)
def test_a_reindex_that_makes_no_sense_is_refused(served: Served, body: Any) -> None:
    assert served.post("/v1/reindex", json=body).status_code == 422


def test_a_change_that_fails_says_why(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("the secret")

    monkeypatch.setattr(served.service.library, "reindex", fail)
    task = served.done(served.post("/v1/reindex", json={}))
    assert (task.state, task.error.code, task.error.status) == ("failed", "internal", 500)
    assert "secret" not in str(task)


def test_another_process_that_writes_is_waited_for(served: Served, tmp_path: Path) -> None:
    with writer_lock(tmp_path / "library"):
        response = served.post("/v1/documents", params={"name": "a.txt"}, content=b"Birds sing.")
        running = served.get(response.headers["Location"], params={"wait": 0.3}).json()
        assert running["state"] == "running"
        assert served.post("/v1/query", json={"question": "cats"}).status_code == 200
    assert served.done(response).state == "done"


# Shutdown.


def test_at_shutdown_uploads_are_made_and_reindexes_are_stopped(
    library: Library, docs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, reindex = threading.Event(), library.reindex

    def slow(**options: Any) -> object:
        begun.set()
        report = options["report"]

        def slow_report(event: object) -> None:
            time.sleep(0.3)
            report(event)

        return reindex(**{**options, "report": slow_report})

    monkeypatch.setattr(library, "reindex", slow)
    with serving(library) as served:
        running = served.post("/v1/reindex", json={}).json()["id"]
        assert begun.wait(10)
        uploaded = served.post("/v1/documents", params={"name": "a.txt"}, content=b"Birds sing.").json()["id"]
        waiting = served.post("/v1/reindex", json={}).json()["id"]
        tasks = served.service.tasks
    assert [tasks.get(number).state for number in (running, uploaded, waiting)] == ["stopped", "done", "stopped"]
    assert library.query("birds", 1).hits[0].uri == "stdin:a.txt"
    assert not library.verify().findings


def test_a_request_that_runs_at_shutdown_is_answered(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, release, answer, found = threading.Event(), threading.Event(), library.query, []

    def slow(*given: Any, **named: Any) -> object:
        begun.set()
        assert release.wait(20)
        return answer(*given, **named)

    with serving(library) as served:
        monkeypatch.setattr(library, "query", slow)
        asking = threading.Thread(target=lambda: found.append(served.post("/v1/query", json={"question": "cats"})))
        asking.start()
        assert begun.wait(10)
        served.service.stopping.set()
        assert served.get("/readyz").json()["code"] == "stopping"
        threading.Timer(0.3, release.set).start()
        stopping = threading.Thread(target=served.stop)
        stopping.start()
        stopping.join()
        asking.join()
    assert found[0].status_code == 200


def test_a_form_that_is_given_a_name_is_refused(served: Served) -> None:
    answer = served.post("/v1/documents", params={"name": "b.txt"}, files={"file": ("a.txt", b"Apples")})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
    assert "have names of their own" in answer.json()["message"]
