"""``trivium serve``: the processes, their life and death, and what the listeners refuse."""

import http.client
import json
import os
import shutil
import signal
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.running_gateway import RunningGateway, loopback_dns, refused_serve

SECONDS = 20
PASSPHRASE = "canary-root-passphrase-4711"


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> RunningGateway:
    """An installation that is made once, and served by its copies: one after the other, since they share its ports."""
    made = RunningGateway(tmp_path_factory.mktemp("template") / "ca")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TRIVIUM_ROOT_PASSPHRASE", PASSPHRASE)
        made.init()
    return made


@pytest.fixture
def gateway(template: RunningGateway, tmp_path: Path) -> Iterator[RunningGateway]:
    """An installation that is not yet served; whatever serves it at the end is killed."""
    copy = replace(template, directory=tmp_path / "ca")
    shutil.copytree(template.directory, copy.directory)
    yield copy
    copy.kill()


def eventually(condition: Callable[[], bool], what: str) -> None:
    """Wait until the condition holds, a bounded time."""
    deadline = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"{what} did not happen within {SECONDS} s"
        time.sleep(0.05)


def parent_of(pid: int) -> int | None:
    """Return the parent of a process, None when the process has ended, whether or not somebody has noticed."""
    try:
        state, parent = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[:2]
    except OSError:
        return None
    return None if state == "Z" else int(parent)


def workers(gateway: RunningGateway) -> list[int]:
    """Return the worker processes."""
    assert gateway.process is not None
    everyone = [int(entry.name) for entry in Path("/proc").glob("[0-9]*")]
    return sorted(pid for pid in everyone if parent_of(pid) == gateway.process.pid)


def tls(gateway: RunningGateway) -> ssl.SSLContext:
    """Return a client's context that trusts the installation's root alone."""
    return ssl.create_default_context(cafile=gateway.endpoints["tls_ca"])


def tls_connection(gateway: RunningGateway, context: ssl.SSLContext) -> ssl.SSLSocket:
    """Connect to the TLS listener."""
    plain = socket.create_connection(("127.0.0.1", gateway.acme_port), timeout=SECONDS)
    try:
        return context.wrap_socket(plain, server_hostname="localhost")
    except OSError:
        plain.close()
        raise


def directory_answers(gateway: RunningGateway) -> bool:
    """Whether the ACME directory comes over verified TLS."""
    connection = http.client.HTTPSConnection("localhost", gateway.acme_port, context=tls(gateway), timeout=5)
    try:
        connection.request("GET", "/acme/directory")
        answer = connection.getresponse()
        return answer.status == 200 and "newNonce" in json.loads(answer.read())
    finally:
        connection.close()


@pytest.mark.parametrize("server", ["hypercorn", "uvicorn"])
def test_gateway_starts_answers_refuses_and_stops(gateway: RunningGateway, server: str) -> None:
    """Both servers, with several workers: endpoints.json is there while the gateway answers, and only then.

    What the listeners do not serve, they refuse without losing a worker.
    """
    gateway.start(server=server, workers=2)
    assert set(gateway.endpoints) >= {"acme_directory", "tls_ca", "root", "crl", "ocsp", "rest"}
    assert all(directory_answers(gateway) for _ in range(4))
    crl = http.client.HTTPConnection("127.0.0.1", gateway.status_port, timeout=5)
    crl.request("GET", gateway.endpoints["crl"].partition(f":{gateway.status_port}")[2])
    answer = crl.getresponse()
    assert (answer.status, answer.getheader("content-type")) == (200, "application/pkix-crl")
    assert answer.getheader("server") is None
    crl.close()
    pids = workers(gateway)
    assert len(pids) == 2
    refuse_what_they_do_not_serve(gateway)
    assert workers(gateway) == pids
    assert directory_answers(gateway)
    gateway.stop()
    assert not (gateway.directory / "run" / "endpoints.json").exists()
    assert all(parent_of(pid) is None for pid in pids)
    assert "Traceback" not in gateway.log.read_text()


def test_web_pages_are_kept_out_where_the_settings_say_so(gateway: RunningGateway) -> None:
    """The setting would stand in trivium.toml and change nothing, at either directory."""
    settings = gateway.directory / "trivium.toml"
    settings.write_text(settings.read_text().replace("# cross_origin = true", "cross_origin = false"))
    gateway.start()
    connection = http.client.HTTPSConnection("localhost", gateway.acme_port, context=tls(gateway), timeout=SECONDS)
    for path in ("/acme/directory", "/eab/directory"):
        connection.request("GET", path, headers={"Origin": "https://page.example"})
        answer = connection.getresponse()
        answer.read()
        assert (answer.status, answer.getheader("access-control-allow-origin")) == (200, None)
    connection.close()
    gateway.stop()


def test_killed_worker_is_replaced(gateway: RunningGateway) -> None:
    """A worker may be killed at any time, by the kernel for one: another must take its place, and clients be served."""
    gateway.start(workers=2)
    before = workers(gateway)
    os.kill(before[0], signal.SIGKILL)
    eventually(lambda: before[0] not in workers(gateway) and len(workers(gateway)) == 2, "the replacement")
    assert before[1] in workers(gateway)
    assert directory_answers(gateway)
    gateway.stop()


def test_workers_end_with_a_killed_supervisor(gateway: RunningGateway) -> None:
    """Workers that outlive a killed supervisor would keep the ports from its successor."""
    gateway.start(workers=2)
    pids = workers(gateway)
    process = gateway.process
    assert process is not None
    process.kill()
    process.wait(10)
    eventually(lambda: all(parent_of(pid) is None for pid in pids), "the workers' end")
    gateway.start(workers=1)
    assert directory_answers(gateway)
    gateway.stop()


@pytest.mark.parametrize("server", ["hypercorn", "uvicorn"])
def test_running_request_is_answered_before_the_end(gateway: RunningGateway, server: str) -> None:
    """SIGTERM drains: a client in the middle of a request gets its answer, not a reset."""
    gateway.start(server=server)
    process = gateway.process
    assert process is not None
    with tls_connection(gateway, tls(gateway)) as connection:
        body = b"{}"
        connection.sendall(
            b"POST /acme/new-order HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/jose+json\r\n"
            b"Content-Length: %d\r\n\r\n" % len(body)
        )
        # The listener closes at once, so that nothing new comes in; the request that is in goes on.
        process.send_signal(signal.SIGTERM)
        eventually(lambda: not _accepts(gateway.acme_port), "the listener's end")
        connection.sendall(body)
        answer = connection.recv(65536)
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert process.wait(SECONDS) == 0
    gateway.process = None


def _accepts(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_taken_port_is_one_sentence(gateway: RunningGateway) -> None:
    """Whoever starts the gateway beside another program must learn which setting to change."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", gateway.acme_port))
        other.listen()
        said = refused_serve(gateway.directory)
    assert "`listen.acme`" in said
    assert "Traceback" not in said
    assert not (gateway.directory / "run" / "endpoints.json").exists()


def test_worker_that_cannot_start_says_why(gateway: RunningGateway) -> None:
    """Without its key-encryption key no worker can open a CA key: serve must end and say so, not try for ever."""
    (gateway.directory / "secrets" / "key-encryption.key").unlink()
    said = refused_serve(gateway.directory)
    assert "key-encryption.key cannot be read" in said
    assert "Traceback" not in said


def refuse_what_they_do_not_serve(gateway: RunningGateway) -> None:
    """TLS below 1.2, HTTP/2, an endless head and garbage (rule 67, abuse 70)."""
    old = tls(gateway)
    old.set_ciphers("DEFAULT:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
    with pytest.raises(ssl.SSLError):
        tls_connection(gateway, old)
    context = tls(gateway)
    context.set_alpn_protocols(["h2", "http/1.1"])
    with tls_connection(gateway, context) as connection:
        assert connection.selected_alpn_protocol() == "http/1.1"
    upgrade = b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
    assert _plain(gateway, upgrade + b"HTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n").startswith(b"HTTP/1.1 200 ")
    assert not _plain(gateway, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").startswith(b"\x00")
    assert _plain(gateway, b"GET / HTTP/1.1\r\nX: " + b"a" * 200_000).startswith((b"HTTP/1.1 4", b"HTTP/1.1 5"))
    assert not _plain(gateway, b"\x16\x03\x01garbage\r\n\r\n").startswith(b"HTTP/1.1 2")


def _plain(gateway: RunningGateway, request: bytes) -> bytes:
    """Send bytes to the plain listener; return the beginning of what comes back, empty when it just closes."""
    with socket.create_connection(("127.0.0.1", gateway.status_port), timeout=SECONDS) as connection:
        try:
            connection.sendall(request)
            return connection.recv(4096)
        except ConnectionError:
            return b""


def test_no_secret_is_listed_or_logged(gateway: RunningGateway) -> None:
    """Rule 31, abuse 75: keys and passphrases are in no argument list, worker environment, output or clear file."""
    secret = (gateway.directory / "secrets" / "key-encryption.key").read_text().strip()
    (gateway.directory / "secrets" / "key-encryption.key").unlink()
    gateway.start(workers=2, environment={"TRIVIUM_KEY_ENCRYPTION_KEY": secret})
    assert directory_answers(gateway)
    listed = b""
    for pid in workers(gateway):
        listed += Path(f"/proc/{pid}/cmdline").read_bytes() + Path(f"/proc/{pid}/environ").read_bytes()
        assert "Max core file size        0" in Path(f"/proc/{pid}/limits").read_text()
    assert secret.encode() not in listed
    gateway.stop()
    kept = {str(path): path.read_bytes() for path in gateway.directory.rglob("*") if path.is_file()}
    kept["log"] = gateway.log.read_bytes()
    for canary in (
        secret.encode(),
        bytes.fromhex(secret),
        PASSPHRASE.encode(),
        b"BEGIN PRIVATE KEY",
        b"BEGIN EC PRIVATE",
    ):
        assert [name for name, content in kept.items() if canary in content] == []


def test_doctor_finds_a_served_gateway_in_good_health(gateway: RunningGateway) -> None:
    """A doctor that calls a healthy gateway ill is one that nobody asks a second time."""
    with loopback_dns(gateway):
        gateway.start()
        findings = json.loads(gateway.trivium("doctor", "--json"))
    assert {finding["check"] for finding in findings if finding["health"] != "good"} == set()
    assert {"listen.acme", "resolver", "key of issuing", "CRL of root", "tls-listener certificate"} <= {
        finding["check"] for finding in findings
    }
    gateway.stop()
