"""Validators are built once for all tests of certificates: 0.6 s for all sets."""

import pytest

from ca_core.certificates.lint import Linters


@pytest.fixture(scope="session")
def linters() -> Linters:
    """The validators of every lint set."""
    return Linters.build()
