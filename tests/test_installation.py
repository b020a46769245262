"""How the program was installed, and the commands that change it."""

import json
import sys
from importlib.metadata import PathDistribution
from pathlib import Path

import pytest

from wherein import installation
from wherein.installation import (
    EXTRAS,
    Installation,
    how_to_upgrade,
    install_command,
    installed_extras,
    reinstall_command,
    requirements_of,
    this_installation,
)

COMMIT = "0" * 40
METADATA = """Metadata-Version: 2.4
Name: wherein
Version: 0.1.0
Provides-Extra: watch
Requires-Dist: click>=8.1
Requires-Dist: watchfiles>=1.3; extra == "watch"
Provides-Extra: server
Requires-Dist: starlette>=1.10; extra == "server"
Requires-Dist: uvicorn>=0.54; (python_version > "3") and extra == 'server'
"""


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The metadata of an installed `wherein`, in an environment of its own that pip made and no shell has activated."""
    folder = tmp_path / "wherein-0.1.0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text(METADATA)
    (folder / "INSTALLER").write_text("pip\n")
    found = {"wherein": PathDistribution(folder), "pip": PathDistribution(folder)}
    monkeypatch.setattr(installation, "_distribution", found.get)
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    monkeypatch.setattr(sys, "executable", "/env/bin/python")
    monkeypatch.delenv("VIRTUAL_ENV", raising=False)
    return folder


def came_from(package: Path, **direct: object) -> None:
    (package / "direct_url.json").write_text(json.dumps(direct))


def test_from_an_index(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert this_installation() == Installation()
    assert install_command("watch") == "/env/bin/python -m pip install 'wherein[watch]'"
    assert how_to_upgrade() == "upgrade with: /env/bin/python -m pip install --upgrade wherein"
    assert reinstall_command() == "/env/bin/python -m pip install --force-reinstall --no-deps wherein"
    monkeypatch.setenv("VIRTUAL_ENV", sys.prefix)
    assert install_command("watch") == "pip install 'wherein[watch]'"
    (package / "INSTALLER").write_text("uv")
    assert install_command("watch") == "uv pip install --python /env/bin/python 'wherein[watch]'"
    assert how_to_upgrade() == "upgrade with: uv pip install --python /env/bin/python --upgrade wherein"


def test_from_an_index_without_a_pip_in_the_environment(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installation, "_distribution", {"wherein": PathDistribution(package)}.get)
    monkeypatch.setenv("VIRTUAL_ENV", sys.prefix)  # the shell's pip is another environment's
    assert install_command("watch") == "pip --python /env/bin/python install 'wherein[watch]'"
    assert how_to_upgrade() == "upgrade with: pip --python /env/bin/python install --upgrade wherein"


def test_from_a_clone(package: Path) -> None:
    came_from(package, url="file:///src/my%20clone", dir_info={"editable": True})
    assert install_command("watch") == "/env/bin/python -m pip install --editable '/src/my clone[watch]'"
    assert how_to_upgrade() == "upgrade with: git -C '/src/my clone' pull"
    came_from(package, url="file:///src/clone", dir_info={})
    assert install_command("watch") == "/env/bin/python -m pip install '/src/clone[watch]'"
    assert how_to_upgrade() == ("upgrade with: git -C /src/clone pull && /env/bin/python -m pip install /src/clone")


def test_from_a_wheel(package: Path, tmp_path: Path) -> None:
    wheel = tmp_path / "wherein-0.1.0-py3-none-any.whl"
    wheel.touch()
    came_from(package, url=wheel.as_uri(), archive_info={})
    assert install_command("server") == f"/env/bin/python -m pip install 'wherein[server] @ {wheel.as_uri()}'"
    assert how_to_upgrade() == f"install a newer version in place of {wheel.as_uri()}"
    wheel.unlink()
    assert install_command("server") == "/env/bin/python -m pip install 'starlette>=1.10' 'uvicorn>=0.54'"


def test_from_a_repository(package: Path) -> None:
    came_from(package, url="https://host/wherein.git", vcs_info={"vcs": "git", "commit_id": COMMIT})
    origin = f"git+https://host/wherein.git@{COMMIT}"
    assert this_installation() == Installation(origin=origin)
    assert install_command("watch") == f"/env/bin/python -m pip install 'wherein[watch] @ {origin}'"


@pytest.mark.parametrize(("mark", "tool"), [("pipx_metadata.json", "pipx"), ("uv-receipt.toml", "uv tool")])
def test_as_an_application_the_extras_that_are_there_are_kept(
    package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mark: str, tool: str
) -> None:
    (tmp_path / mark).touch()
    assert install_command("server") == f"{tool} install --force 'wherein[server]'"
    assert how_to_upgrade() == f"upgrade with: {tool} upgrade wherein"
    monkeypatch.setattr(installation, "installed_extras", lambda: ["watch"])
    assert install_command("server") == f"{tool} install --force 'wherein[server,watch]'"
    assert reinstall_command() == f"{tool} install --force 'wherein[watch]'"
    came_from(package, url="file:///src/clone", dir_info={"editable": True})
    assert install_command("server") == f"{tool} install --force --editable '/src/clone[server,watch]'"


@pytest.mark.parametrize("direct", ["", "{", "[]", "null", '{"url": 1}', '{"dir_info": {}}', '{"vcs_info": {}}'])
def test_a_record_of_the_origin_that_makes_no_sense_counts_for_nothing(package: Path, direct: str) -> None:
    (package / "direct_url.json").write_text(direct)
    assert this_installation().tool == "pip"
    assert "wherein[watch]" in install_command("watch")


def test_without_being_installed_it_is_a_clone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installation, "_distribution", lambda _: None)
    root = str(Path(installation.__file__).resolve().parent)
    assert this_installation() == Installation(origin=root, is_folder=True, editable=True)
    assert installed_extras() == []


def test_what_an_extra_consists_of(package: Path) -> None:
    assert requirements_of("watch") == ["watchfiles>=1.3"]
    assert requirements_of("server") == ["starlette>=1.10", "uvicorn>=0.54"]
    assert requirements_of("click") == []
    assert installed_extras() == []


def test_the_extras_are_those_of_the_project() -> None:
    import tomllib

    root = Path(installation.__file__).resolve().parent
    extras = tomllib.loads((root / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert set(EXTRAS) == set(extras) - {"recipe", "bench", "release", "test"}
