"""The applications of both versions, which their first requests build."""

import asyncio
import subprocess
import sys

import pytest

from tests.rest.conversation import Conversation


def test_a_worker_that_nobody_asks_builds_no_application() -> None:
    """Every start of a worker costs half a second and 20 MB more, also where no one uses the REST API."""
    program = "import sys, gateway.server; print([name for name in sys.modules if name.startswith('fastapi')])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.parametrize(("method", "path"), [("POST", "/v2/clients"), ("GET", "/v3/clients")])
async def test_first_requests_at_once_are_all_answered(alice: Conversation, method: str, path: str) -> None:
    """Whoever comes while the application is being built is refused, or asks one without operations."""
    answers = await asyncio.gather(*(alice.ask(method, path) for _ in range(8)))
    assert [answer.status for answer in answers] == [200] * 8
