"""CMC over HTTP, and in files: bodies, parameters and answers as deployed clients have them (RFC 10003)."""

import base64
import json
import shutil
import socket
import ssl
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from asn1crypto import cms
from cryptography import x509
from cryptography.hazmat.primitives.serialization import pkcs12

from gateway.cmc.front_end import FrontEnd
from gateway.cmc.transport import MAX_BODY, CmcResource
from tests.cmc.messages import Control, openssl, pki_data, signed
from tests.cmc.office import Office, new_key, nonce, request
from tests.gateway.command import trivium
from tests.running_gateway import RunningGateway
from tests.status.asgi import call

PASSWORD = "a password of sixteen"


def message(office: Office) -> bytes:
    """Return a new message that orders a certificate."""
    return office.signed(pki_data(request("mail.example.com", key=new_key())))


def pem(der: bytes) -> bytes:
    """Return a message as Windows writes it into a file."""
    text = base64.encodebytes(der)
    return b"-----BEGIN NEW CERTIFICATE REQUEST-----\r\n" + text + b"-----END NEW CERTIFICATE REQUEST-----\r\n"


async def test_bodies_come_raw_and_in_base64(office: Office) -> None:
    """A mail gateway that is set to base64, or to raw, could not order (both are a setting of theirs)."""
    app = CmcResource(office.front_end)
    for body in (
        message(office),
        base64.b64encode(message(office)),
        base64.encodebytes(message(office)).replace(b"\n", b"\r\n"),
        pem(message(office)),
    ):
        answer = await call(app, "POST", "/ws/cmc?account=gateway-1&product=tls&validity=90d", body=[body])
        assert answer.status == 200
        assert answer.headers["content-type"].startswith("application/pkcs7-mime; smime-type=certs-only")
        assert len(office.read(answer.body).certificates) == 2
    assert len(await office.orders()) == 4


async def test_refusals_are_answers(office: Office) -> None:
    """RFC 10003 section 6: clients take any other status than 200 for no answer, and show their user nothing."""
    app = CmcResource(office.front_end)
    for body, target in (
        (b"", "/cmc"),
        (b"nonsense", "/cmc"),
        (message(office), "/cmc?product=another"),
        (message(office), "/cmc?validity=for+ever"),
    ):
        answer = await call(app, "POST", target, body=[body])
        assert answer.status == 200
        assert answer.headers["content-type"].startswith("application/pkcs7-mime; smime-type=CMC-Response")
        assert office.read(answer.body).only.status == 2
    assert await office.orders() == []


async def test_what_is_no_message_is_no_answer(office: Office) -> None:
    """A browser would be shown a signature, and a body without end would be read to its end."""
    app = CmcResource(office.front_end)
    answer = await call(app, "GET", "/cmc")
    assert (answer.status, answer.headers["allow"]) == (405, "POST")
    pieces = iter([b"a" * 65536] * 100)
    answer = await call(app, "POST", "/cmc", body=pieces)
    assert answer.status == 413
    assert len(list(pieces)) > 90, "the rest was not read"
    assert MAX_BODY < 100_000


def registered(installation: Path, folder: Path) -> tuple[Path, Path]:
    """Register a client by the command; return the files of its certificate and key."""
    password = folder / "password"
    password.write_text(PASSWORD)
    password.chmod(0o600)
    bundle = folder / "client.p12"
    done = trivium(
        installation, "cmc-client", "add", "gateway-1", "--p12", str(bundle), "--password-file", str(password), "--json"
    )
    assert done.returncode == 0, done.stderr
    facts = json.loads(done.stdout)
    assert facts["reference"].startswith("cmc-")
    assert bundle.stat().st_mode & 0o077 == 0
    key, certificate, chain = pkcs12.load_key_and_certificates(bundle.read_bytes(), PASSWORD.encode())
    assert certificate == x509.load_pem_x509_certificate(facts["certificate"].encode())
    assert len(chain) == 1
    assert key is not None
    for part, name in (("-nokeys", "client.pem"), ("-nocerts", "client.key")):
        openssl(
            "pkcs12", "-in", bundle, "-passin", f"pass:{PASSWORD}", "-noenc", "-clcerts", part, "-out", folder / name
        )
    return folder / "client.pem", folder / "client.key"


def test_clients_are_registered_and_messages_in_files_answered(template: Path, tmp_path: Path) -> None:
    """The operator could hand nothing to a client, and a message on a stick could not be answered."""
    installation = tmp_path / "ca"
    shutil.copytree(template, installation)
    certificate, key = registered(installation, tmp_path)
    content = pki_data(request("mail.example.com", key=new_key()), controls=(nonce(),))
    (tmp_path / "in.crq").write_bytes(signed(content, certificate, key))
    done = trivium(installation, "cmc", "process", str(tmp_path / "in.crq"), str(tmp_path / "out.crp"))
    assert done.returncode == 0, done.stderr
    openssl(
        "cms", "-verify", "-inform", "DER", "-in", tmp_path / "out.crp", "-CAfile", installation / "root" / "root.pem"
    )
    listed = json.loads(trivium(installation, "cmc-client", "list", "--json").stdout)
    assert [(one["name"], one["disabled"], one["sha1_used_at"]) for one in listed] == [("gateway-1", False, None)]
    assert listed[0]["rights"] == ["issue", "query", "revoke"], "nobody is a registration authority unless asked for"
    assert trivium(installation, "cmc-client", "disable", "gateway-1").returncode == 0
    assert json.loads(trivium(installation, "cmc-client", "list", "--json").stdout)[0]["disabled"]
    twice = trivium(installation, "cmc-client", "add", "gateway-1", "--secret")
    assert twice.returncode == 1
    assert "already" in twice.stderr
    for wrong in ((), ("--p12", "x.p12"), ("--csr", str(tmp_path / "missing")), ("--secret", "--product", "none")):
        assert trivium(installation, "cmc-client", "add", "other", *wrong).returncode == 1


@dataclass(frozen=True)
class Peer:
    """A gateway, and how its CMC URL is reached by whoever speaks HTTP himself."""

    host: str
    port: int
    context: ssl.SSLContext

    def ask(self, head: str, body: bytes) -> tuple[dict[str, str], bytes]:
        """Send a request, whose head is given without its end; return the head and the body of the answer, a 200."""
        with (
            socket.create_connection((self.host, self.port), timeout=60) as plain,
            self.context.wrap_socket(plain, server_hostname=self.host) as tls,
        ):
            tls.sendall(head.encode() + b"\r\n\r\n" + body)
            answer = b""
            while part := tls.recv(65536):
                answer += part
        top, _, rest = answer.partition(b"\r\n\r\n")
        status, *lines = top.decode().split("\r\n")
        assert " 200 " in status
        return {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}, rest


def chunked(body: bytes) -> bytes:
    """Return a body in chunks."""
    pieces = [body[start : start + 300] for start in range(0, len(body), 300)]
    return b"".join(b"%x\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


@pytest.mark.parametrize("server", ["uvicorn", "hypercorn"])
def test_clients_old_and_new_are_served_over_tls(server: str, tmp_path: Path) -> None:
    """RFC 10003 section 6: a client would get no answer, or none it can read; and early data could be sent again.

    Dogtag's client speaks HTTP/1.0 without Host and Content-Type; others write the types as they like, send in chunks,
    or in base64. The answer is binary for all.
    """
    gateway = RunningGateway(tmp_path / "ca")
    gateway.init()
    certificate, key = registered(gateway.directory, tmp_path)
    gateway.start(server=server)

    def message(*controls: Control) -> bytes:
        return signed(pki_data(request("mail.example.com", key=new_key()), controls=controls), certificate, key)

    try:
        url = urlsplit(gateway.endpoints["cmc"])
        assert url.hostname is not None
        peer = Peer(url.hostname, url.port or 0, ssl.create_default_context(cafile=gateway.endpoints["tls_ca"]))
        body = message()
        old = f"POST /ws/cmc?account=default&product=tls HTTP/1.0\r\nContent-Length: {len(body)}"
        text = base64.encodebytes(message())
        typed = "content-type: Application/PKCS7-MIME; SMIME-Type=cmc-request; name=r.p7m"
        modern = "POST /cmc HTTP/1.1\r\nHost: ca.example\r\nConnection: close\r\n"
        for head, sent in (
            (old, body),
            (f"{modern}Content-Type: application/pkcs7-mime\r\nContent-Length: {len(text)}", text),
            (f"{modern}{typed}\r\nTransfer-Encoding: chunked", chunked(message())),
        ):
            headers, der = peer.ask(head, sent)
            assert headers["content-type"] == "application/pkcs7-mime; smime-type=certs-only; name=response.p7c"
            assert len(cms.ContentInfo.load(der)["content"]["certificates"]) == 2
        headers, der = peer.ask(f"{modern}Transfer-Encoding: chunked", chunked(message(nonce())))
        assert headers["content-type"] == "application/pkcs7-mime; smime-type=CMC-Response; name=response.p7m"
        assert len(cms.ContentInfo.load(der)["content"]["signer_infos"]) == 1
        session = tmp_path / "session"
        where = f"{url.hostname}:{url.port}"
        asked = ("-connect", where, "-tls1_3", "-ign_eof", "-sess_out", session)
        openssl("s_client", *asked, given=f"GET /cmc HTTP/1.1\r\nHost: {where}\r\nConnection: close\r\n\r\n".encode())
        assert b"Max Early Data: 0" in openssl("sess_id", "-in", session, "-noout", "-text")
    finally:
        gateway.stop()


async def test_the_front_end_is_made_once_a_worker(office: Office) -> None:
    """Each worker that starts would order another responder certificate."""
    first = await office.front_end.responder()
    again = await FrontEnd.of(office.workshop.core)
    assert (await again.responder()).certificate_id == first.certificate_id
