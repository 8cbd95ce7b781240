"""http-01 (RFC 8555 section 8.3, rules 54-57) against servers that misbehave in every way we know."""

import asyncio
import contextlib
import gzip
import time
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path
from ssl import TLSVersion

import pytest

from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.identifiers import Identifier, IdentifierType
from ca_core.validation import addresses, destinations
from ca_core.validation import http_01 as module
from ca_core.validation.validator import Requirements, Validator
from conformance.loopback_dns import LoopbackDns
from conformance.processes import free_port
from tests.validation.servers import black_hole, old_tls, redirect, response, self_signed, web_server

Make = Callable[..., Validator]

TOKEN = "t" * 43
KEY_AUTHORIZATION = TOKEN + "." + "k" * 43
PAGE = KEY_AUTHORIZATION.encode()
PATH = f"/.well-known/acme-challenge/{TOKEN}"
NAME = "www.example.test"


def dns_name(value: str = NAME) -> Identifier:
    """Return a DNS identifier."""
    return Identifier(type=IdentifierType.DNS, value=value)


async def refusal(validator: Validator, identifier: Identifier | None = None) -> TriviumError:
    """Return the error that the validation ends with, within its time."""
    started = time.monotonic()
    with pytest.raises(TriviumError) as caught:
        await validator.validate(identifier or dns_name(), TOKEN, KEY_AUTHORIZATION)
    assert time.monotonic() - started < 3
    assert caught.value.detail.isprintable()
    return caught.value


async def test_the_page_validates(http_01: Make, dns: LoopbackDns) -> None:
    """http-01 would never succeed, or its evidence would lack the address and resolver used (rule 65)."""
    async with web_server(response(PAGE)) as web:
        validated = await http_01(web.port).validate(dns_name(), TOKEN, KEY_AUTHORIZATION)
    assert (validated.address, validated.resolver) == ("127.0.0.1", dns.dns)
    assert validated.detail == f"http://{NAME}{PATH}"


async def test_the_request_is_plain(http_01: Make) -> None:
    """A virtual host would not be found, or a reply come compressed, kept alive or by cookie (rules 56, 57)."""
    async with web_server(response(PAGE, headers="Set-Cookie: a=b\r\n")) as web:
        validator = http_01(web.port, user_agent="A test")
        for _ in range(2):
            await validator.validate(dns_name(), TOKEN, KEY_AUTHORIZATION)
    for request in web.requests:
        line, *headers = request.strip().split("\r\n")
        assert line == f"GET {PATH} HTTP/1.1"
        assert {header.split(":")[0].lower() for header in headers} == {
            "host", "user-agent", "accept", "accept-encoding", "connection",
        }  # fmt: skip
        assert f"Host: {NAME}:{web.port}" in headers
        assert "Accept-Encoding: identity" in headers
        assert "User-Agent: A test" in headers
        assert "Connection: close" in headers


@pytest.mark.parametrize("tail", [b"\n", b"\r\n", b" \t\r\n\r\n", b" " * 41])
async def test_trailing_white_space_is_ignored(http_01: Make, tail: bytes) -> None:
    """RFC 8555 section 8.3: a page written by an editor, with a final line feed, would be refused."""
    async with web_server(response(PAGE + tail)) as web:
        assert await http_01(web.port).validate(dns_name(), TOKEN, KEY_AUTHORIZATION)


@pytest.mark.parametrize(
    "raw",
    [
        b"HTTP/1.1 200 OK\r\n\r\n" + PAGE,
        b"HTTP/1.0 200 OK\r\n\r\n" + PAGE,
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n57\r\n" + PAGE + b"\r\n0\r\n\r\n",
        b"HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n" + response(PAGE),
        response(PAGE, headers="Content-Type: text/html; charset=nonsense\r\n"),
    ],
    ids=["no length", "HTTP/1.0", "chunked", "early hints", "odd type"],
)
async def test_any_framing_of_the_page_validates(http_01: Make, raw: bytes) -> None:
    """A server with another way to frame its answer could not be validated; nothing else decides but the page."""
    async with web_server(raw) as web:
        validator = http_01(web.port)
        for _ in range(2):
            assert await validator.validate(dns_name(), TOKEN, KEY_AUTHORIZATION)
    assert len(web.requests) == 2


async def test_no_connection_is_kept(http_01: Make) -> None:
    """A server could keep our connections, or answer a validation before it was asked for (rule 57)."""

    async def keep(_: str, writer: asyncio.StreamWriter) -> None:
        writer.write(response(PAGE, headers="Connection: keep-alive\r\nKeep-Alive: timeout=600\r\n"))
        await writer.drain()
        await asyncio.sleep(0.01)
        with contextlib.suppress(ConnectionError):
            writer.write(response(b"before it was asked"))
            await writer.drain()
            await asyncio.sleep(30)

    async with web_server(keep) as web:
        validator = http_01(web.port, timeout=0.5)
        for _ in range(3):
            assert await validator.validate(dns_name(), TOKEN, KEY_AUTHORIZATION)
    assert len(web.requests) == 3


WRONG_PAGES = {
    "129 bytes": response(PAGE + b" " * 42),
    "empty": response(b""),
    "cut": response(PAGE[:-1]),
    "other key": response(PAGE[:-1] + b"K"),
    "leading space": response(b" " + PAGE),
    "NUL": response(PAGE + b"\x00"),
    "NUL first": response(b"\x00" + PAGE),
    "no-break space": response(PAGE + "\u00a0".encode()),
    "HTML": response(b"<html><body>" + PAGE + b"</body></html>"),
    "escape sequences": response(b"\x1b[2J\r\nforged log line\xe2\x80\xa8\xe2\x80\xae\xff\xfe"),
    "gzip": response(gzip.compress(PAGE), headers="Content-Encoding: gzip\r\n"),
    "gzip bomb": response(gzip.compress(bytes(10_000_000)), headers="Content-Encoding: gzip\r\n"),
    "token alone": response(TOKEN.encode()),
    "404": response(b"no such page", status="404 Not Found"),
    "404 with the page": response(PAGE, status="404 Not Found"),
    "201": response(PAGE, status="201 Created"),
    "204": b"HTTP/1.1 204 No Content\r\n\r\n",
    "206": response(PAGE, status="206 Partial Content"),
    "300": response(PAGE, status="300 Multiple Choices", headers="Location: /other\r\n"),
    "303": response(b"", status="303 See Other", headers="Location: /other\r\n"),
    "304": b"HTTP/1.1 304 Not Modified\r\n\r\n",
    "401": response(b"", status="401 Unauthorized", headers="WWW-Authenticate: Basic\r\n"),
    "500": response(PAGE, status="500 Internal Server Error"),
}


@pytest.mark.parametrize("case", WRONG_PAGES)
async def test_a_wrong_page_is_an_incorrect_response(http_01: Make, case: str) -> None:
    """Control would be taken as shown by a page that is not exactly the key authorization with status 200 (rule 56)."""
    async with web_server(WRONG_PAGES[case]) as web:
        error = await refusal(http_01(web.port))
    assert error.kind is ErrorKind.INCORRECT_RESPONSE
    assert len(error.detail) < 900
    assert len(web.requests) == 1


async def test_only_128_bytes_of_a_page_are_told(http_01: Make) -> None:
    """Error texts would carry pages of an inner server to whoever asked for the validation (abuse 6)."""
    async with web_server(response(b"A" * 128 + b"secret" * 1000)) as web:
        error = await refusal(http_01(web.port))
    assert "A" * 128 in error.detail
    assert "s" not in error.detail.partition("A" * 128)[2]


BROKEN = {
    "not HTTP": b"SSH-2.0-OpenSSH_9.2p1\r\n",
    "nothing": b"",
    "cut head": b"HTTP/1.1 200 OK\r\nContent-",
    "cut body": b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n" + PAGE,
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 87\r\nContent-Length: 88\r\n\r\n" + PAGE,
    "negative length": b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n" + PAGE,
    "bad chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n" + PAGE,
    "long header": b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000 + b"\r\n\r\n" + PAGE,
    "many headers": b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 100_000 + b"\r\n" + PAGE,
    "long status line": b"HTTP/1.1 200 " + b"x" * 100_000 + b"\r\n\r\n" + PAGE,
    "NUL in a header": b"HTTP/1.1 200 OK\r\nX: a\x00b\r\n\r\n" + PAGE,
    "surplus": response(PAGE) + b"surplus",
    "switching protocols": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n" + PAGE,
}


@pytest.mark.parametrize("case", BROKEN)
async def test_a_broken_answer_is_a_problem(http_01: Make, case: str) -> None:
    """Bytes that are no HTTP would crash the validation, be taken for a page, or be shown in the error (abuse 6)."""
    async with web_server(BROKEN[case]) as web:
        error = await refusal(http_01(web.port))
    assert error.kind in {ErrorKind.CONNECTION, ErrorKind.INCORRECT_RESPONSE}
    assert "SSH" not in error.detail


async def drip(_: str, writer: asyncio.StreamWriter) -> None:
    """Send a page a byte at a time, slower than anyone waits."""
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 87\r\n\r\n")
    for byte in PAGE:
        writer.write(bytes([byte]))
        await writer.drain()
        await asyncio.sleep(0.05)


async def drip_head(_: str, writer: asyncio.StreamWriter) -> None:
    """Send header lines for ever."""
    writer.write(b"HTTP/1.1 200 OK\r\n")
    for number in range(1000):
        writer.write(f"X-{number}: y\r\n".encode())
        await writer.drain()
        await asyncio.sleep(0.05)


async def hints(_: str, writer: asyncio.StreamWriter) -> None:
    """Send interim responses for ever."""
    for _number in range(1000):
        writer.write(b"HTTP/1.1 103 Early Hints\r\n\r\n")
        await writer.drain()
        await asyncio.sleep(0.01)


async def silence(_: str, writer: asyncio.StreamWriter) -> None:
    """Keep the connection and say nothing."""
    await asyncio.sleep(30)


@pytest.mark.parametrize("talk", [drip, drip_head, hints, silence])
async def test_a_slow_server_is_left(http_01: Make, talk: Callable[..., None]) -> None:
    """A server that drips or keeps silent would hold a validation for ever (rule 57)."""
    async with web_server(talk) as web:  # type: ignore[arg-type]
        started = time.monotonic()
        error = await refusal(http_01(web.port, timeout=0.4))
    assert time.monotonic() - started < 1
    assert error.kind is ErrorKind.CONNECTION
    assert "took longer than 0.4 s" in error.detail


async def test_an_endless_page_is_left_after_128_bytes(http_01: Make) -> None:
    """A page without end would cost us its bytes (rule 56, abuse 5)."""
    sent = 0

    async def flood(_: str, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while sent < 1 << 30:
            writer.write(b"x" * 65536)
            sent += 65536
            await writer.drain()

    async with web_server(flood) as web:
        error = await refusal(http_01(web.port))
    assert error.kind is ErrorKind.INCORRECT_RESPONSE
    assert sent < 32 << 20


async def test_a_refused_connection_says_where(http_01: Make) -> None:
    """A user whose server is down would not be told which address and port we tried."""
    async with web_server(b"") as web:
        port = web.port
    error = await refusal(http_01(port))
    assert error.kind is ErrorKind.CONNECTION
    assert f"127.0.0.1 port {port} (Connection refused)" in error.detail


async def test_a_connection_that_is_never_made_is_left(http_01: Make) -> None:
    """A firewall that drops packets would hold a validation for minutes (rule 57)."""
    with black_hole("127.0.0.1") as port:
        error = await refusal(http_01(port, dial_timeout=0.2))
    assert error.kind is ErrorKind.CONNECTION
    assert "no answer in time" in error.detail


async def test_ipv6_is_tried_first(http_01: Make, dns: LoopbackDns) -> None:
    """RFC 6724 and rule 57: a dual-stack host would be validated over IPv4."""
    dns.set_aaaa(NAME, ["::1"])
    async with web_server(response(PAGE), host="::1") as web:
        validated = await http_01(web.port).validate(dns_name(), TOKEN, KEY_AUTHORIZATION)
    assert validated.address == "::1"


@pytest.mark.parametrize("hole", [True, False])
async def test_ipv4_is_tried_once_when_ipv6_cannot_be_dialled(http_01: Make, dns: LoopbackDns, *, hole: bool) -> None:
    """A host with a dead IPv6 address, refusing or dropping, could not be validated (rule 57)."""
    dns.set_aaaa(NAME, ["::1"])
    async with web_server(response(PAGE)) as web:
        if hole:
            with black_hole("::1", web.port):
                validated = await http_01(web.port).validate(dns_name(), TOKEN, KEY_AUTHORIZATION)
        else:
            validated = await http_01(web.port).validate(dns_name(), TOKEN, KEY_AUTHORIZATION)
    assert validated.address == "127.0.0.1"


async def test_a_wrong_answer_over_ipv6_is_final(http_01: Make, dns: LoopbackDns) -> None:
    """A wrong page would be hidden by asking the next address: only dial errors fall back (rule 57)."""
    dns.set_aaaa(NAME, ["::1"])
    for wrong in (response(b"no"), b"", redirect("ftp://x")):
        port = free_port()
        async with web_server(wrong, host="::1", port=port) as v6, web_server(response(PAGE), port=port) as v4:
            await refusal(http_01(v6.port))
        assert not v4.requests


async def test_only_one_ipv4_address_is_the_fallback(http_01: Make, dns: LoopbackDns) -> None:
    """A name with many dead addresses would cost a dial timeout each (rule 57)."""
    dns.set_aaaa(NAME, ["::1"])
    dns.set_a(NAME, ["127.0.0.2", "127.0.0.3"])
    async with web_server(response(PAGE), host="127.0.0.3") as web:
        error = await refusal(http_01(web.port))
    assert "127.0.0.2" in error.detail
    assert not web.requests


async def test_a_failed_look_up_is_a_dns_problem(http_01: Make, dns: LoopbackDns) -> None:
    """SERVFAIL would not be told from an unreachable server (rule 59)."""
    dns.set_servfail(NAME)
    assert (await refusal(http_01())).kind is ErrorKind.DNS


# --- addresses: SSRF and DNS rebinding (rule 55)


@pytest.fixture
def public_two(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let 127.0.0.2 count as a public address: the only one a test can connect to."""

    def special_purpose(address: IPv4Address | IPv6Address) -> str | None:
        return None if address == ip_address("127.0.0.2") else addresses.special_purpose(address)

    monkeypatch.setattr(destinations, "special_purpose", special_purpose)


INNER = """127.0.0.1 0.0.0.0 10.0.0.1 169.254.169.254 100.64.0.1 172.16.0.1 192.168.0.1 ::1 :: ::ffff:127.0.0.1
::ffff:10.0.0.1 fd00::1 fe80::1 64:ff9b::7f00:1 2002:7f00:1::1 2001:0:7f00:1::1"""


@pytest.mark.parametrize("inner", INNER.split())
async def test_a_reserved_address_is_never_dialled(http_01: Make, dns: LoopbackDns, inner: str) -> None:
    """A name of an attacker's would lead a validation into our own network (abuse 1)."""
    (dns.set_aaaa if ":" in inner else dns.set_a)(NAME, [inner])
    if ":" in inner:
        dns.set_a(NAME, [])
    async with web_server(response(PAGE)) as web:
        error = await refusal(http_01(web.port, allow_private_addresses=False))
    assert error.kind is ErrorKind.CONNECTION
    assert "is reserved" in error.detail
    assert not web.requests


@pytest.mark.usefixtures("public_two")
async def test_one_reserved_address_among_public_ones_is_enough(http_01: Make, dns: LoopbackDns) -> None:
    """An inner address would be dialled as the fallback of a public one (rule 55: every address is checked)."""
    dns.set_a(NAME, ["127.0.0.2", "127.0.0.1"])
    async with web_server(response(PAGE), host="127.0.0.2") as web:
        error = await refusal(http_01(web.port, allow_private_addresses=False))
    assert "127.0.0.1" in error.detail
    assert not web.requests


@pytest.mark.usefixtures("public_two")
async def test_the_checked_address_is_the_one_dialled(http_01: Make, dns: LoopbackDns) -> None:
    """DNS rebinding: a second look-up, after the check, would lead to another address (abuse 2)."""
    dns.set_a(NAME, ["127.0.0.2"])

    async def rebind(_: str, writer: asyncio.StreamWriter) -> None:
        dns.set_a(NAME, ["127.0.0.1"])
        writer.write(response(PAGE))

    async with web_server(rebind, host="127.0.0.2") as web:
        validated = await http_01(web.port, allow_private_addresses=False).validate(
            dns_name(), TOKEN, KEY_AUTHORIZATION
        )
    assert validated.address == "127.0.0.2"
    assert sorted(dns.queries) == [(NAME, 1), (NAME, 28)]


@pytest.mark.usefixtures("public_two")
@pytest.mark.parametrize(
    "location", ["http://inner.test/x", "http://127.0.0.1/x", "http://[::1]/x", f"http://{NAME}/x"]
)
async def test_each_redirect_is_resolved_and_checked_again(http_01: Make, dns: LoopbackDns, location: str) -> None:
    """A redirect, by name, by literal or by a changed record, would lead into our own network (rule 55)."""
    dns.set_a(NAME, ["127.0.0.2"])

    async def lead_in(_: str, writer: asyncio.StreamWriter) -> None:
        dns.set_a(NAME, ["127.0.0.1"])
        writer.write(redirect(location))

    async with web_server(lead_in, host="127.0.0.2") as outer, web_server(response(PAGE), port=outer.port) as inner:
        error = await refusal(http_01(outer.port, allow_private_addresses=False))
    assert error.kind is ErrorKind.CONNECTION
    assert "is reserved" in error.detail
    assert not inner.requests


async def test_proxies_of_the_environment_are_ignored(http_01: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy would see and answer validations in the host's place (rule 57, abuse 4)."""
    async with web_server(response(b"proxy")) as proxy, web_server(response(PAGE)) as web:
        for variable in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(variable, f"http://127.0.0.1:{proxy.port}")
        assert await http_01(web.port).validate(dns_name(), TOKEN, KEY_AUTHORIZATION)
    assert not proxy.requests


# --- redirects (rule 54); their targets' form is tested in test_redirects


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_a_redirect_is_followed(http_01: Make, status: int) -> None:
    """A site that moves everything elsewhere could not be validated; the way there is evidence (rules 54, 65)."""

    async def talk(path: str, writer: asyncio.StreamWriter) -> None:
        writer.write(response(PAGE) if path == "/there?x=%20y" else redirect("http://other.test/there?x=%20y", status))

    async with web_server(talk) as web:
        validated = await http_01(web.port).validate(dns_name(), TOKEN, KEY_AUTHORIZATION)
    assert validated.detail == f"http://{NAME}{PATH} -> http://other.test/there?x=%20y"
    assert f"Host: other.test:{web.port}\r\n" in web.requests[1]


async def test_a_redirect_to_an_internal_name_is_for_private_products(http_01: Make, dns: LoopbackDns) -> None:
    """A public product's validation could be led to a name of our own network (rule 54)."""
    async with web_server(redirect("http://inner.test/x")) as web:
        with pytest.raises(TriviumError, match="registered top-level domain"):
            await http_01(web.port).validate(dns_name(), TOKEN, KEY_AUTHORIZATION, Requirements(registered_names=True))
    assert {name for name, _ in dns.queries} == {NAME}


async def test_long_urls_are_cut_in_evidence_and_errors(http_01: Make) -> None:
    """A stranger's redirects would put 20 kB into each audit record and error."""
    for page, kept in ((response(PAGE), True), (response(b"no"), False)):

        async def talk(path: str, writer: asyncio.StreamWriter, page: bytes = page) -> None:
            writer.write(page if path != PATH else redirect("/" + "a" * 1900))

        async with web_server(talk) as web:
            if kept:
                validated = await http_01(web.port).validate(dns_name(), TOKEN, KEY_AUTHORIZATION)
                assert len(validated.detail) < 500
            else:
                assert len((await refusal(http_01(web.port))).detail) < 600


async def test_the_body_of_a_redirect_is_not_waited_for(http_01: Make) -> None:
    """A redirect whose body never ends would hold the validation."""

    async def talk(path: str, writer: asyncio.StreamWriter) -> None:
        if path == "/there":
            writer.write(response(PAGE))
            return
        writer.write(b"HTTP/1.1 302 Found\r\nLocation: /there\r\nContent-Length: 1000\r\n\r\n")
        await writer.drain()
        await asyncio.sleep(30)

    async with web_server(talk) as web:
        assert await http_01(web.port, timeout=1).validate(dns_name(), TOKEN, KEY_AUTHORIZATION)


@pytest.mark.parametrize(("hops", "followed"), [(10, True), (11, False)])
async def test_ten_redirects_are_followed_and_no_more(http_01: Make, hops: int, *, followed: bool) -> None:
    """A chain of redirects would go on as long as a server likes (rule 54)."""

    async def talk(path: str, writer: asyncio.StreamWriter) -> None:
        number = 0 if path == PATH else int(path[1:])
        writer.write(response(PAGE) if number == hops else redirect(f"/{number + 1}"))

    async with web_server(talk) as web:
        if followed:
            assert await http_01(web.port).validate(dns_name(), TOKEN, KEY_AUTHORIZATION)
        else:
            assert "more than 10 times" in (await refusal(http_01(web.port))).detail
    assert len(web.requests) == 11


@pytest.mark.parametrize("location", [PATH, f"http://{NAME}{PATH}#again", f"HTTP://{NAME.upper()}:80{PATH}"])
async def test_a_loop_is_left_at_once(http_01: Make, location: str) -> None:
    """A page that redirects to itself would be fetched ten times (rule 54)."""
    async with web_server(redirect(location)) as web:
        error = await refusal(http_01(web.port))
    assert "in a loop" in error.detail
    assert error.kind is ErrorKind.CONNECTION
    assert len(web.requests) == 1


@pytest.mark.parametrize(
    "location", ["ftp://other.test/", "http://other.test:22/", "http://a@other.test/", "", "\xff\xfe"]
)
async def test_a_forbidden_redirect_is_a_connection_problem(http_01: Make, location: str) -> None:
    """A redirect that must not be followed would be followed, or crash the validation (abuse 3)."""

    async def talk(_: str, writer: asyncio.StreamWriter) -> None:
        writer.write(redirect("X").replace(b"X", location.encode("latin-1")))

    async with web_server(talk) as web:
        validator = http_01(web.port)
        error = await refusal(validator)
    assert error.kind in {ErrorKind.CONNECTION, ErrorKind.INCORRECT_RESPONSE}


async def test_an_https_target_is_followed_without_verification(http_01: Make, tmp_path: Path) -> None:
    """A site that forces https with an expired or foreign certificate could not get a new one (rule 54)."""
    names: list[str | None] = []
    context = self_signed(tmp_path)
    context.sni_callback = lambda _socket, name, _context: names.append(name)
    async with (
        web_server(response(PAGE), tls=context) as secure,
        web_server(redirect("https://secure.test/x")) as web,
    ):
        validator = http_01(web.port, https_port=secure.port)
        validated = await validator.validate(dns_name(), TOKEN, KEY_AUTHORIZATION)
    assert validated.detail.endswith(" -> https://secure.test/x")
    assert names == ["secure.test"]
    assert f"Host: secure.test:{secure.port}\r\n" in secure.requests[0]


async def test_tls_below_1_2_is_refused(http_01: Make, tmp_path: Path) -> None:
    """A validation would rest on TLS 1.1 (rule 54)."""
    context = old_tls(self_signed(tmp_path))
    async with web_server(response(PAGE), tls=context) as old, web_server(redirect("https://old.test/x")) as web:
        error = await refusal(http_01(web.port, https_port=old.port))
    assert error.kind is ErrorKind.TLS
    assert "TLS 1.2" in error.detail
    assert module._tls_context().minimum_version is TLSVersion.TLSv1_2  # whatever OpenSSL's own configuration says


async def test_plain_http_on_the_tls_port_is_a_tls_problem(http_01: Make) -> None:
    """A server without TLS on 443 would end in a crash or an unclear sentence."""
    async with web_server(redirect("https://plain.test/x")) as web:
        error = await refusal(http_01(web.port, https_port=web.port))
    assert error.kind in {ErrorKind.TLS, ErrorKind.CONNECTION}


# --- identifiers


@pytest.mark.parametrize("literal", ["127.0.0.1", "::1"])
async def test_an_ip_address_is_its_own_host(http_01: Make, dns: LoopbackDns, literal: str) -> None:
    """RFC 8738 section 4: an IP identifier could not be validated, or would be looked up in DNS."""
    async with web_server(response(PAGE), host=literal) as web:
        validated = await http_01(web.port).validate(
            Identifier(type=IdentifierType.IP, value=literal), TOKEN, KEY_AUTHORIZATION
        )
    assert validated.address == literal
    host = f"[{literal}]" if ":" in literal else literal
    assert f"Host: {host}:{web.port}\r\n" in web.requests[0]
    assert not dns.queries


async def test_a_reserved_ip_identifier_is_refused(http_01: Make) -> None:
    """An order for 127.0.0.1 would be validated against ourselves (rule 64)."""
    async with web_server(response(PAGE)) as web:
        error = await refusal(
            http_01(web.port, allow_private_addresses=False), Identifier(type=IdentifierType.IP, value="127.0.0.1")
        )
    assert "loopback" in error.detail
    assert not web.requests


async def test_a_wildcard_is_never_validated(http_01: Make, dns: LoopbackDns) -> None:
    """Rule 66: a web server would show control of all names below it."""
    error = await refusal(http_01(), dns_name(f"*.{NAME}"))
    assert error.kind is ErrorKind.IDENTIFIER_UNSUPPORTED
    assert not dns.queries


async def test_many_validations_at_once_do_not_mix(http_01: Make) -> None:
    """Validations that share a session could see each other's answers."""

    async def talk(path: str, writer: asyncio.StreamWriter) -> None:
        writer.write(response(f"{path.rpartition('/')[2]}.k".encode()))

    async with web_server(talk) as web:
        validator = http_01(web.port, timeout=30.0, dial_timeout=10.0, dns_timeout=5.0)
        await asyncio.gather(
            *(validator.validate(dns_name(f"n{number}.test"), f"t{number}", f"t{number}.k") for number in range(50))
        )
