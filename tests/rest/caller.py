"""A user who calls the REST API in this process."""

import json
from dataclasses import dataclass
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from gateway.roads import Roads
from tests.access.people import Person
from tests.status.asgi import Answer, call


@dataclass(frozen=True)
class Caller:
    """A user with his token."""

    app: Roads
    person: Person

    async def post(self, path: str, body: Any = None, *, headers: dict[str, str] | None = None) -> Answer:
        """Send a body as JSON, text as it is, None not at all."""
        raw = b"" if body is None else body.encode() if isinstance(body, str) else json.dumps(body).encode()
        media_type = "text/plain" if isinstance(body, str) else "application/json"
        sent = {"authorization": f"Bearer {self.person.token()}", "content-type": media_type, **(headers or {})}
        return await call(self.app, "POST", path, body=[raw], headers=sent)

    async def json(self, path: str, body: Any = None, *, status: int = 200) -> Any:
        """Send a body and return what is answered, which has this status."""
        answer = await self.post(path, body)
        assert answer.status == status, answer.body
        return json.loads(answer.body) if answer.body else None


def csr_pem(*names: str, key: ec.EllipticCurvePrivateKey | None = None) -> str:
    """Return a CSR (PEM) for these names."""
    alternative = x509.SubjectAlternativeName([x509.DNSName(name) for name in names])
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([]))
    signed = builder.add_extension(alternative, critical=False).sign(
        key or ec.generate_private_key(ec.SECP256R1()), hashes.SHA256()
    )
    return signed.public_bytes(Encoding.PEM).decode()
