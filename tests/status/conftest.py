"""The status application over a real installation."""

import pytest
from starlette.applications import Starlette

from gateway.status.routes import build_app
from tests.revocation.conftest import installation  # noqa: F401 - a fixture
from tests.revocation.installation import Installation


@pytest.fixture
def app(installation: Installation) -> Starlette:  # noqa: F811 - asks for the fixture
    """Return the application."""
    return build_app(installation.core)
