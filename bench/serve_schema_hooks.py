"""What schemathesis calls while it runs bench/serve_schema.py."""

from typing import Any
from urllib.parse import urljoin

import requests
import schemathesis


@schemathesis.hook
def after_call(context: Any, case: Any, response: Any) -> None:
    """Wait until an accepted removal was made."""
    if case.method == "DELETE" and response.status_code == 202:
        task = urljoin(response.request.url, response.headers["location"][0])
        requests.get(task, params={"wait": 60}, timeout=90).raise_for_status()
