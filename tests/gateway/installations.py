"""Installations for the gateway's tests, made in this process with the program's own code."""

import os
from pathlib import Path

from ca_core.keys.signer import KeyAlgorithm
from ca_core.model.principals import Principal, PrincipalKind
from conformance.processes import free_port
from gateway.initialise import Made, Wish, initialise
from gateway.sources import system_sources

PASSPHRASE = "correct horse battery"
OPERATOR = Principal(kind=PrincipalKind.OPERATOR, id="test")


def make_installation(
    directory: Path,
    *assignments: str,
    algorithm: KeyAlgorithm = KeyAlgorithm.P256,
    passphrase: str | None = PASSPHRASE,
    environment: dict[str, str] | None = None,
) -> Made:
    """Make an installation as ``trivium init`` does, on free ports of loopback."""
    wish = Wish(
        name="Test",
        algorithm=algorithm,
        key_in_token=False,
        root_passphrase=passphrase,
        assignments=(f"listen.acme=127.0.0.1:{free_port()}", f"listen.status=127.0.0.1:{free_port()}", *assignments),
    )
    return initialise(directory, wish, system_sources(), OPERATOR, environment or dict(os.environ))


def tree(directory: Path) -> dict[str, bytes]:
    """Return every file below a directory with its content."""
    return {str(path.relative_to(directory)): path.read_bytes() for path in directory.rglob("*") if path.is_file()}
