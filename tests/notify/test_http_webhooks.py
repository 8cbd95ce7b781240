"""Requests to webhooks: where they go, and where they never do (abuse 1-7)."""

import asyncio
import json
import ssl
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding

from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.notify import http_webhooks
from conformance.loopback_dns import LoopbackDns
from tests.notify.conftest import Sender
from tests.notify.receiver import receiving
from tests.validation.servers import old_tls, response, self_signed, server_context, web_server

BODY = b'{"type": "webhook.test"}'


async def refusal(send: Callable[[], object]) -> TriviumError:
    """Return the error a request ends with."""
    with pytest.raises(TriviumError) as refused:
        await send()  # type: ignore[misc]
    return refused.value


def trusted(directory: Path, name: str) -> tuple[ssl.SSLContext, str]:
    """Return a TLS server context for ``name`` and the file of the CA that its certificate is from."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder(subject, subject, key.public_key(), 1, now - timedelta(days=1), now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    ca_file = directory / "ca.pem"
    ca_file.write_bytes(certificate.public_bytes(Encoding.PEM))
    return server_context(directory, key, certificate), str(ca_file)


async def test_a_request_reaches_its_receiver_over_tls(sender: Sender, tmp_path: Path) -> None:
    """A receiver would not be told, or under another name than the one of its URL."""
    context, ca_file = trusted(tmp_path, "hooks.example.test")
    async with receiving(tls=context, host="hooks.example.test") as receiver:
        assert await sender(ca_file=ca_file, plain_http=False).send(receiver.url, BODY, {"webhook-id": "msg-1"}) == 204
    [(headers, body)] = receiver.received
    assert body.encode() == BODY
    assert headers["webhook-id"] == "msg-1"
    assert headers["host"] == receiver.url.split("/")[2]
    assert {"cookie", "authorization", "referer"}.isdisjoint(headers)


@pytest.mark.parametrize("wrong", ["another name", "another CA", "old"])
async def test_a_server_that_is_not_the_one_of_the_url_gets_nothing(sender: Sender, tmp_path: Path, wrong: str) -> None:
    """Whoever redirects the DNS or the route would read what is told to the Client."""
    context, ca_file = trusted(tmp_path, "other.test" if wrong == "another name" else "hooks.example.test")
    if wrong == "another CA":
        context = self_signed(tmp_path)
    async with receiving(tls=old_tls(context) if wrong == "old" else context, host="hooks.example.test") as receiver:
        error = await refusal(lambda: sender(ca_file=ca_file).send(receiver.url, BODY, {}))
    assert error.kind is ErrorKind.TLS
    assert receiver.received == []


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example.test/",
        "ftp://hooks.example.test/",
        "file:///etc/passwd",
        "gopher://hooks.example.test/",
        "//hooks.example.test/",
        "hooks.example.test",
        "https:///path",
        "https://me@hooks.example.test/",
        "https://me:secret@hooks.example.test/",
        "https://hooks.example.test:8443/",
        "https://hooks.example.test:22/",
        "https://hooks.example.test:0/",
        "https://hooks.example.test:99999/",
        "https://hooks.example.test/#fragment",
        "https://2130706433/",
        "https://0x7f.1/",
        "https://127.1/",
        "https://[fe80::1%25eth0]/",
        "https://h\u00f6\u00f6ks.example.test/",
        "https://hooks.example.test/a b",
        "https://hooks.example.test/\r\nX: y",
        "https://hooks.example.test\\@127.0.0.1/",
        "https://hooks.example.test/" + "a" * 2000,
        "",
    ],
)
async def test_no_webhook_has_such_a_url(sender: Sender, url: str) -> None:
    """A Client would make the gateway speak another protocol, to another port or to an inner host (abuse 3, 7)."""
    careful = sender(ports=(443,), plain_http=False)
    with pytest.raises(TriviumError) as refused:
        careful.check_url(url)
    assert refused.value.kind is ErrorKind.MALFORMED
    assert (await refusal(lambda: careful.send(url, BODY, {}))).kind is ErrorKind.MALFORMED


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "::1",
        "fd00::1",
        "fe80::1",
        "::ffff:127.0.0.1",
        "64:ff9b::7f00:1",
        "2002:7f00:1::",
    ],
)
async def test_an_inner_address_is_never_dialled(sender: Sender, dns: LoopbackDns, address: str) -> None:
    """A Client could reach what only the gateway can: metadata, the database, other tenants (abuse 1)."""
    version = "set_aaaa" if ":" in address else "set_a"
    dns.set_a("hooks.example.test", [])
    getattr(dns, version)("hooks.example.test", [address])
    async with receiving() as receiver:
        port = receiver.url.split(":")[2].split("/")[0]
        literal = f"[{address}]" if ":" in address else address
        for host in ("hooks.example.test", literal):
            url = f"http://{host}:{port}/"
            error = await refusal(partial(sender(allow_private_addresses=False).send, url, BODY, {}))
            assert error.kind is ErrorKind.CONNECTION
            assert "not a public one" in error.detail
            assert host == literal or address not in error.detail  # nor is it told what the inner DNS says (abuse 6)
    assert receiver.received == []


async def test_one_inner_address_among_public_ones_is_enough(sender: Sender, dns: LoopbackDns) -> None:
    """A name could have a public address for the check and an inner one for the connection (abuse 2)."""
    dns.set_a("hooks.example.test", ["192.0.43.8", "127.0.0.1"])
    error = await refusal(lambda: sender(allow_private_addresses=False).send("http://hooks.example.test/", BODY, {}))
    assert error.kind is ErrorKind.CONNECTION
    assert [name for name, _ in dns.queries] == ["hooks.example.test"] * 2  # resolved once: A and AAAA


async def test_a_redirect_is_an_answer_and_is_not_followed(sender: Sender) -> None:
    """A receiver could send the gateway on to an inner host (abuse 3)."""
    async with receiving() as other, receiving() as receiver:
        receiver.status, receiver.headers = 307, {"Location": other.url}
        assert await sender().send(receiver.url, BODY, {}) == 307
    assert other.received == []


async def test_proxies_of_the_environment_are_ignored(sender: Sender, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is told to a Client would pass through whatever the environment names (abuse 4)."""
    async with receiving() as proxy, receiving() as receiver:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        assert await sender().send(receiver.url, BODY, {}) == 204
    assert proxy.received == []


async def test_an_endless_answer_is_not_read(sender: Sender) -> None:
    """A receiver could fill the gateway's memory (abuse 5)."""
    sent = 0

    async def endless(_path: str, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n")
        while True:
            writer.write(b"x" * 65536)
            await writer.drain()
            sent += 65536

    async with web_server(endless) as web:
        assert await sender().send(f"http://hooks.example.test:{web.port}/", BODY, {}) == 200
    assert sent < 64 * 1024 * 1024


async def test_a_receiver_that_hangs_is_given_up(sender: Sender, monkeypatch: pytest.MonkeyPatch) -> None:
    """A receiver could hold a worker for longer than its job's lease (abuse 5, fault F19)."""
    monkeypatch.setattr(http_webhooks, "SECONDS", 0.3)
    async with receiving() as receiver:
        receiver.hangs = True
        error = await refusal(lambda: sender().send(receiver.url, BODY, {}))
    assert error.kind is ErrorKind.CONNECTION


@pytest.mark.parametrize("answer", [b"", b"nonsense\r\n\r\n", response(b"", status="999999 X")])
async def test_nonsense_is_an_error_that_shows_nothing_of_it(sender: Sender, answer: bytes) -> None:
    """A Client could read what an inner server says by way of the delivery log (abuse 6)."""
    async with web_server(answer) as web:
        error = await refusal(lambda: sender().send(f"http://hooks.example.test:{web.port}/", BODY, {}))
    assert error.kind is ErrorKind.CONNECTION
    assert "nonsense" not in json.dumps(error.detail)


async def test_a_host_without_addresses_or_server_is_an_error(sender: Sender, dns: LoopbackDns) -> None:
    """The worker would stumble over what is wrong at the Client."""
    assert (await refusal(lambda: sender().send("http://hooks.example.test:1/", BODY, {}))).kind is ErrorKind.CONNECTION
    dns.set_a("nowhere.test", [])
    assert (await refusal(lambda: sender().send("http://nowhere.test/", BODY, {}))).kind is ErrorKind.DNS
