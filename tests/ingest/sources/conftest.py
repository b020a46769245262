"""A web server for the tests of web pages."""

from collections.abc import Iterator

import pytest

from web_server import Site, site


@pytest.fixture
def web() -> Iterator[Site]:
    with site() as made:
        yield made
