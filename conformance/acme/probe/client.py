"""A client with one key: it signs what it is told to, as RFC 8555 section 6.2 wants it unless told otherwise."""

import json
from dataclasses import dataclass, field
from typing import Any

from conformance.acme.probe.jose import Json, PrivateKey, algorithm_of, new_key, public_jwk, sign
from conformance.acme.probe.transport import Answer, Transport

JOSE = "application/jose+json"
_TRIES = 4


@dataclass
class Client:
    """A key at one directory; ``url`` is its account's, empty before it is registered."""

    transport: Transport
    directory: Json
    key: PrivateKey = field(default_factory=new_key)
    url: str = ""

    def nonce(self) -> str:
        """Get a fresh nonce."""
        return self.transport.send("HEAD", self.directory["newNonce"]).header("replay-nonce")

    def header(self, url: str, /, **changes: Any) -> Json:
        """Return the protected header of a request to ``url``; ``changes`` replace members, None leaves one out."""
        signer: Json = {"kid": self.url} if self.url else {"jwk": public_jwk(self.key)}
        complete = {"alg": algorithm_of(self.key), **signer, "url": url, **changes}
        if "nonce" not in complete:
            complete["nonce"] = self.nonce()
        return {name: value for name, value in complete.items() if value is not None}

    def sign(self, url: str, payload: Json | bytes = b"", /, **changes: Any) -> Json:
        """Return the signed body of a request; its members can be spoiled before :meth:`send`."""
        body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        return sign(self.key, self.header(url, **changes), body)

    def send(self, url: str, body: Json | bytes, content_type: str = JOSE) -> Answer:
        """POST this body once, whatever comes of it."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = [("Content-Type", content_type)] if content_type else []
        return self.transport.send("POST", url, data, headers)

    def post(self, url: str, payload: Json | bytes = b"", /, **changes: Any) -> Answer:
        """Sign and POST; a nonce that was refused is replaced, as clients do, unless ``changes`` name one."""
        for _ in range(_TRIES):
            answer = self.send(url, self.sign(url, payload, **changes))
            if answer.problem != "badNonce" or "nonce" in changes:
                break
        return answer

    def read(self, url: str) -> Answer:
        """Read a resource by POST-as-GET."""
        return self.post(url)

    def register(self, **payload: Any) -> Answer:
        """Register the key, agreeing to the terms, and remember the account's URL."""
        answer = self.post(self.directory["newAccount"], {"termsOfServiceAgreed": True, **payload})
        if answer.status in {200, 201}:
            self.url = answer.header("location")
        return answer
