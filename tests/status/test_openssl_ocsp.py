"""The status application behind a real server, asked by openssl over loopback."""

import asyncio
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import uvicorn
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from ca_core.keys.signer import KeyAlgorithm
from ca_core.model.certificates import Certificate, RevocationReason
from ca_core.model.principals import SYSTEM
from ca_core.revocation.crl import publish_crl
from ca_core.revocation.revoke import revoke_by_id
from gateway.status.routes import build_app
from store.database import open_store
from store.migrate import upgrade
from tests.revocation.installation import ISSUER_ID, Installation, install
from tests.revocation.linting import crl_findings


@dataclass(frozen=True)
class Served:
    """An installation whose status application answers at ``installation.status_url``."""

    installation: Installation
    directory: Path

    async def openssl(self, *arguments: str) -> tuple[int, str]:
        """Run openssl in the directory and return its status and everything it wrote."""
        process = await asyncio.create_subprocess_exec(
            "openssl", *arguments, cwd=self.directory, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
        )
        output, _ = await asyncio.wait_for(process.communicate(), 30)
        return process.returncode or 0, output.decode()

    def save(self, name: str, certificate: bytes | None) -> None:
        """Store a certificate (DER) as PEM."""
        assert certificate is not None
        pem = x509.load_der_x509_certificate(certificate).public_bytes(Encoding.PEM)
        (self.directory / name).write_bytes(pem)


@pytest.fixture(params=[KeyAlgorithm.P256, KeyAlgorithm.RSA3072])
async def served(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Served]:
    """Return an installation with an issuing CA of this algorithm, served on loopback."""
    url = f"sqlite:///{tmp_path}/trivium.db"
    upgrade(url)
    store = open_store(url)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        status_url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        installation = await install(store, algorithm=request.param, status_url=status_url)
        server = uvicorn.Server(uvicorn.Config(build_app(installation.core), log_level="warning", lifespan="off"))
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        result = Served(installation, tmp_path)
        result.save("root.pem", installation.root)
        result.save("issuing.pem", installation.issuer.certificate)
        yield result
        server.should_exit = True
        await asyncio.wait_for(serving, 10)
    store.close()


async def _asked(served: Served, certificate: Certificate) -> tuple[int, str]:
    served.save("leaf.pem", certificate.der)
    code, url = await served.openssl("x509", "-in", "leaf.pem", "-noout", "-ocsp_uri")
    assert code == 0
    return await served.openssl(
        *("ocsp", "-url", url.strip(), "-issuer", "issuing.pem", "-cert", "leaf.pem"),
        *("-CAfile", "root.pem", "-verify_other", "issuing.pem", "-no_nonce" if certificate.revocation else "-nonce"),
    )


async def test_openssl_asks_the_url_in_the_certificate(served: Served) -> None:
    """If this fails, a standard client cannot verify our OCSP answers (RFC 6960 section 4.2.2.2, rule 84)."""
    good, bad = await served.installation.issue(), await served.installation.issue()
    code, output = await _asked(served, good)
    assert code == 0, output
    assert "Response verify OK" in output
    assert "leaf.pem: good" in output
    revoked = await revoke_by_id(served.installation.core, bad.id, RevocationReason.KEY_COMPROMISE, SYSTEM)
    code, output = await _asked(served, revoked)
    assert code == 0, output
    assert "Response verify OK" in output
    assert "leaf.pem: revoked" in output
    assert "Reason: keyCompromise" in output


async def test_openssl_fetches_the_crl_from_the_url_in_the_certificate(served: Served) -> None:
    """If this fails, `openssl verify -crl_download` cannot tell a revoked certificate from a good one (rule 81)."""
    good, bad = await served.installation.issue(), await served.installation.issue()
    await revoke_by_id(served.installation.core, bad.id, RevocationReason.SUPERSEDED, SYSTEM)
    crl = await publish_crl(served.installation.core, ISSUER_ID)
    assert crl_findings(crl.der) == []
    outputs = {}
    for name, certificate in (("good", good), ("bad", bad)):
        served.save(f"{name}.pem", certificate.der)
        outputs[name] = await served.openssl(
            *("verify", "-CAfile", "root.pem", "-untrusted", "issuing.pem", "-crl_download", "-crl_check"),
            f"{name}.pem",
        )
    assert outputs["good"] == (0, "good.pem: OK\n")
    assert "certificate revoked" in outputs["bad"][1]
