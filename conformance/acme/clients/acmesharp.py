"""ACMESharp, the .NET library: no registry has it for us, so this replays what it does on the wire.

Its ways, where they differ from other clients': the first nonce by HEAD; a flattened JWS, pretty-printed, sent as
``application/jose+json`` without a User-Agent; the account known by the Location of newAccount's answer, 201 or 200;
no second attempt after badNonce; every successful answer to POST or HEAD must have a Replay-Nonce; errors are read
only from ``application/problem+json`` exactly; Link headers in the form ``<url>;rel="x"``, one a header; the order
is polled at the Location that newOrder gave; the certificate is fetched without an Accept header; the key change has
the old key in its inner payload; revocation is by DER, by the account. By default it reads order, authorization,
challenge and certificate with a plain GET; when asked to, with POST-as-GET.
"""

import base64
import hashlib
import hmac
import http.client
import json
import re
import ssl
import time
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding

from conformance.acme.client import SECONDS, Client
from conformance.acme.csr import make_csr, new_key, write_key
from conformance.acme.model import AccountKey, Binding, Issued, KeyType, Method, Offer, Request, Scenario
from conformance.acme.web import clear_txt, serving_files, set_txt
from conformance.processes import ProgramError

Json = dict[str, Any]
_OK, _CREATED, _NO_CONTENT = 200, 201, 204
_LINK = re.compile(r'<([^>]+)>;rel="([^"]+)"')
_P256_BYTES = 32


class AcmeSharpError(ProgramError):
    """What the library would throw."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """An HTTP answer; header names in lower case, each header a line."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    def header(self, name: str) -> str | None:
        """The first header of this name."""
        return next((value for key, value in self.headers if key == name), None)

    @property
    def json(self) -> Json:
        """The body as a JSON object."""
        content: Json = json.loads(self.body)
        return content

    def link(self, relation: str) -> str | None:
        """The target of the first link with a relation; a header in another form is none to the library."""
        links = [_LINK.fullmatch(value) for key, value in self.headers if key == "link"]
        return next((found[1] for found in links if found and found[2] == relation), None)


class AcmeSharp(Client):
    """ACMESharp as it is by default: plain GET."""

    name = "acmesharp-get"
    needs = frozenset({Offer.PLAIN_GET})
    posts_as_get: ClassVar[bool] = False
    account_key_type: ClassVar[KeyType] = KeyType.EC
    usual_method = Method.WEBROOT
    can = frozenset(Scenario) - {
        Scenario.HTTP_01_STANDALONE,
        Scenario.TLS_ALPN_01,
        Scenario.ARI,
        Scenario.REVOKE_BY_KEY,
    }

    def __init__(self, *arguments: Any) -> None:
        super().__init__(*arguments)
        self._key: AccountKey = new_key(self.account_key_type)
        self._kid = ""
        self._nonce = ""
        self._directory: Json = {}

    @classmethod
    def version(cls) -> str:
        """The release whose behaviour is replayed."""
        return "ACMESharpCore 2"

    def register(self) -> None:
        """CreateAccountAsync, twice: the second time finds the account, and must find the same."""
        self._create_account({})
        kid = self._kid
        self._create_account({})
        if self._kid != kid:
            raise AcmeSharpError(f"one key has two accounts, {kid} and {self._kid}")

    def bind(self, binding: Binding) -> None:
        """CreateAccountAsync with an external account binding, signed with HS256."""
        self._start()
        header = {"alg": "HS256", "kid": binding.kid, "url": self._directory["newAccount"]}
        protected, payload = _b64(_compact(header)), _b64(_compact(_jwk(self._key)))
        signature = hmac.digest(_unb64(binding.hmac), f"{protected}.{payload}".encode(), "sha256")
        bound = {"protected": protected, "payload": payload, "signature": _b64(signature)}
        self._create_account({"externalAccountBinding": bound})

    def obtain(self, request: Request) -> Issued:
        """CreateOrderAsync, the challenges, FinalizeOrderAsync, GetOrderCertificateAsync."""
        if not self._kid:
            self.register()
        identifiers = [{"type": "dns", "value": name} for name in request.names]
        identifiers += [{"type": "ip", "value": str(address)} for address in request.addresses]
        placed = self._post(self._directory["newOrder"], {"identifiers": identifiers}, accept=(_CREATED, _OK))
        location = _required(placed, "location")
        with serving_files(self.directory / "www", self.server.http_port) as folder:
            for url in placed.json["authorizations"]:
                self._authorize(url, request.method, folder)
        key = None if request.csr else self.directory / "certificate.key"
        der = self._csr(request)
        self._post(placed.json["finalize"], {"csr": _b64(der)}, accept=(_OK, _CREATED))
        order = self._poll(location, "valid")
        chain = self.directory / "chain.pem"
        chain.write_bytes(self._read(order["certificate"]).body)
        return Issued(request=request, chain=chain, key=key)

    def renew(self, issued: Issued) -> Issued:
        """Order once more."""
        return self.obtain(issued.request)

    def change_key(self) -> None:
        """ChangeAccountKeyAsync."""
        url, new = self._directory["keyChange"], new_key(self.account_key_type)
        content = {"account": self._kid, "oldKey": _jwk(self._key)}
        inner = _flattened(new, {"alg": _algorithm(new), "url": url, "jwk": _jwk(new)}, _compact(content))
        self._send("POST", url, self._signed(url, inner), (_OK,))
        self._key = new

    def update_contact(self, email: str) -> None:
        """UpdateAccountAsync."""
        self._post(self._kid, {"contact": [f"mailto:{email}"]})

    def revoke(self, issued: Issued) -> None:
        """RevokeCertificateAsync."""
        content = {"certificate": _b64(issued.leaf.public_bytes(Encoding.DER)), "reason": 0}
        self._post(self._directory["revokeCert"], content)

    def deactivate(self) -> None:
        """DeactivateAccountAsync."""
        self._post(self._kid, {"status": "deactivated"})

    def account_key(self) -> AccountKey:
        """The key in use."""
        return self._key

    def _start(self) -> None:
        """GetDirectoryAsync and GetNonceAsync."""
        self._directory = self._send("GET", self.server.directory, None, (_OK,)).json
        self._send("HEAD", self._directory["newNonce"], None, (_OK, _NO_CONTENT))

    def _create_account(self, further: Json) -> None:
        if not self._directory:
            self._start()
        content = {"contact": ["mailto:acmesharp@conformance.test"], "termsOfServiceAgreed": True, **further}
        url = self._directory["newAccount"]
        answer = self._send("POST", url, self._signed(url, _compact(content), by_key=True), (_CREATED, _OK))
        self._kid = _required(answer, "location")
        if answer.link("index") is None:
            raise AcmeSharpError("no Link header that the library can read")

    def _authorize(self, url: str, method: Method, folder: Path) -> None:
        authorization = self._read(url).json
        wanted = "dns-01" if method is Method.DNS else "http-01"
        challenge = next(item for item in authorization["challenges"] if item["type"] == wanted)
        key_authorization = f"{challenge['token']}.{_thumbprint(self._key)}"
        name = f"_acme-challenge.{authorization['identifier']['value']}"
        if method is Method.DNS:
            set_txt(self.server.dns_commands, name, _b64(hashlib.sha256(key_authorization.encode()).digest()))
        else:
            (folder / challenge["token"]).write_text(key_authorization)
        try:
            self._read(challenge["url"])
            self._post(challenge["url"], {})
            self._poll(url, "valid")
        finally:
            if method is Method.DNS:
                clear_txt(self.server.dns_commands, name)

    def _poll(self, url: str, wanted: str) -> Json:
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            shown = self._read(url).json
            if shown["status"] == wanted:
                return shown
            if shown["status"] == "invalid":
                raise AcmeSharpError(f"{url} is invalid: {json.dumps(shown)}")
            time.sleep(0.2)
        raise AcmeSharpError(f"{url} does not become {wanted}")

    def _csr(self, request: Request) -> bytes:
        if request.csr is not None:
            return x509.load_pem_x509_csr(request.csr.read_bytes()).public_bytes(Encoding.DER)
        key = new_key(request.key_type)
        write_key(key, self.directory / "certificate.key")
        return make_csr(request, key).public_bytes(Encoding.DER)

    def _read(self, url: str) -> Answer:
        if self.posts_as_get:
            return self._send("POST", url, self._signed(url, ""), (_OK,))
        return self._send("GET", url, None, (_OK,))

    def _post(self, url: str, content: Json, *, accept: Collection[int] = (_OK,)) -> Answer:
        return self._send("POST", url, self._signed(url, _compact(content)), accept)

    def _signed(self, url: str, payload: str, *, by_key: bool = False) -> str:
        if not self._nonce:
            raise AcmeSharpError("missing next nonce")
        signer = {"jwk": _jwk(self._key)} if by_key else {"kid": self._kid}
        header = {"alg": _algorithm(self._key), "url": url, "nonce": self._nonce, **signer}
        return _flattened(self._key, header, payload)

    def _send(self, method: str, url: str, body: str | None, accept: Collection[int]) -> Answer:
        parts = urlsplit(url)
        tls = ssl.create_default_context(cafile=self.server.tls_ca)
        connection = http.client.HTTPSConnection(parts.hostname or "", parts.port, context=tls, timeout=SECONDS)
        try:
            connection.putrequest(method, parts.path, skip_accept_encoding=True)
            content = (body or "").encode()
            if body is not None:
                connection.putheader("Content-Type", "application/jose+json")
                connection.putheader("Content-Length", str(len(content)))
            connection.endheaders(content)
            received = connection.getresponse()
            answer = Answer(
                status=received.status,
                headers=tuple((name.lower(), value) for name, value in received.getheaders()),
                body=received.read(),
            )
        finally:
            connection.close()
        self._nonce = (answer.header("replay-nonce") or "") if method != "GET" else self._nonce
        if answer.status not in accept:
            raise AcmeSharpError(f"{method} {url}: {_told(answer)}")
        if method != "GET" and not self._nonce:
            raise AcmeSharpError(f"{method} {url}: missing header Replay-Nonce")
        return answer


class AcmeSharpPost(AcmeSharp):
    """ACMESharp told to use POST-as-GET, with an RSA account key."""

    name = "acmesharp-post"
    needs = frozenset()
    posts_as_get = True
    account_key_type = KeyType.RSA


def _told(answer: Answer) -> str:
    """Return what a user of the library learns of a refusal."""
    if answer.header("content-type") == "application/problem+json":
        return f"{answer.json['type']}: {answer.json.get('detail')}"
    return f"unexpected response status code {answer.status}"


def _required(answer: Answer, name: str) -> str:
    value = answer.header(name)
    if value is None:
        raise AcmeSharpError(f"the answer has no {name} header")
    return value


def _algorithm(key: AccountKey) -> str:
    return "ES256" if isinstance(key, ec.EllipticCurvePrivateKey) else "RS256"


def _jwk(key: AccountKey) -> Json:
    """The public key as a JWK, its members in the order in which the thumbprint wants them (RFC 7638)."""
    if isinstance(key, ec.EllipticCurvePrivateKey):
        point = key.public_key().public_numbers()
        x, y = (_b64(number.to_bytes(_P256_BYTES)) for number in (point.x, point.y))
        return {"crv": "P-256", "kty": "EC", "x": x, "y": y}
    numbers = key.public_key().public_numbers()
    exponent, modulus = (_b64(number.to_bytes((number.bit_length() + 7) // 8)) for number in (numbers.e, numbers.n))
    return {"e": exponent, "kty": "RSA", "n": modulus}


def _thumbprint(key: AccountKey) -> str:
    return _b64(hashlib.sha256(_compact(_jwk(key)).encode()).digest())


def _flattened(key: AccountKey, header: Json, payload: str) -> str:
    """Sign as a flattened JWS (RFC 7515 section 7.2.2), pretty-printed as the library does."""
    protected, content = _b64(_compact(header)), _b64(payload)
    signature = _b64(_signature(key, f"{protected}.{content}".encode()))
    return json.dumps({"protected": protected, "payload": content, "signature": signature}, indent=2)


def _signature(key: AccountKey, data: bytes) -> bytes:
    if isinstance(key, ec.EllipticCurvePrivateKey):
        numbers = decode_dss_signature(key.sign(data, ec.ECDSA(hashes.SHA256())))
        return b"".join(number.to_bytes(_P256_BYTES) for number in numbers)
    return key.sign(data, padding.PKCS1v15(), hashes.SHA256())


def _compact(content: Json) -> str:
    return json.dumps(content, separators=(",", ":"))


def _b64(data: bytes | str) -> str:
    raw = data.encode() if isinstance(data, str) else data
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def _unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
