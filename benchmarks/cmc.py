"""What a CMC enrolment of a P-256 request costs the server, beside its cryptography alone; and the dearest message.

The cryptography is what the server cannot do without: it is repeated in this interpreter with the same library, on the
server's core, in turns with the loads. Nothing is asserted: only a ratio taken in one run means anything elsewhere.
"""

import argparse
import asyncio
import hashlib
import heapq
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from random import Random
from statistics import median

import uvloop
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, pkcs7

from benchmarks.http_client import HttpsConnection
from benchmarks.processes import DRIVER_CORES, SERVER_CORES, StartError
from benchmarks.servers import HttpServer, Installation, LintMode, Server, Surroundings, trivium
from conformance.cmc.clients.pyasn1 import Pyasn1
from conformance.cmc.model import Credential, Message, Pkcs10, nonce
from conformance.cmc.openssl import signed
from conformance.cmc.requests import csr
from conformance.processes import free_port

WARM_UP = 32
SETTLE_SECONDS = 0.25
VERIFIES = 3
"""The client's signature, the request's own, and the new certificate before it is let go."""
SIGNS = 3
"""What is linted (under a key that is thrown away), the certificate, and the PKIResponse."""
HASHED = (1000, 300, 1000, 300)
"""Bytes of what is hashed beside: PKIData and attributes, PKIResponse and attributes."""
HEADING = (
    "| server | lint | CMC CPU ms | its cryptography ms | ratio (min-max) | dearest mutated message, CPU ms |\n"
    "|---|---|---|---|---|---|"
)
_P256 = ec.ECDSA(hashes.SHA256())


@dataclass(frozen=True, kw_only=True)
class Round:
    """CPU of an enrolment in milliseconds: the server's, and that of the cryptography alone."""

    server_ms: float
    cryptography_ms: float

    @property
    def ratio(self) -> float:
        """How many times its cryptography an enrolment costs."""
        return self.server_ms / self.cryptography_ms


@dataclass(frozen=True, kw_only=True)
class Found:
    """A run: its rounds, and the CPU (ms) of the dearest of the mutated messages."""

    http_server: HttpServer
    lint: LintMode
    rounds: Sequence[Round]
    dearest_ms: float

    def row(self) -> str:
        """The run as a row: medians over the rounds, the ratio with its spread."""
        ratios = sorted(one.ratio for one in self.rounds)
        server, alone = median(r.server_ms for r in self.rounds), median(r.cryptography_ms for r in self.rounds)
        return (
            f"| {self.http_server} | {self.lint} | {server:.2f} | {alone:.3f} | "
            f"{median(ratios):.1f} ({ratios[0]:.1f}-{ratios[-1]:.1f}) | {self.dearest_ms:.1f} |"
        )


def cryptography_ms(times: int) -> float:
    """Return the CPU (ms) that the cryptography of one enrolment takes in this interpreter, on the server's core."""
    key = ec.generate_private_key(ec.SECP256R1())
    public, data = key.public_key(), os.urandom(max(HASHED))
    signature = key.sign(data, _P256)
    own = os.sched_getaffinity(0)
    os.sched_setaffinity(0, SERVER_CORES)
    try:
        begun = time.process_time()
        for _ in range(times):
            for _ in range(VERIFIES):
                public.verify(signature, data, _P256)
            for _ in range(SIGNS):
                key.sign(data, _P256)
            for size in HASHED:
                hashlib.sha256(data[:size]).digest()
        return 1000 * (time.process_time() - begun) / times
    finally:
        os.sched_setaffinity(0, own)


def prepare(credential: Credential, count: int, label: str) -> list[bytes]:
    """Make so many messages, each a Full PKI Request of one P-256 request, signed by openssl."""
    encoder = Pyasn1()
    made = []
    for number in range(count):
        request = csr(ec.generate_private_key(ec.SECP256R1()), f"c{number}-{label}.bench.test")
        message = encoder.encode(Message(controls=(nonce(),), requests=(Pkcs10(id=1, der=request),)))
        made.append(signed(message, credential))
    return made


async def load(server: Server, url: str, bodies: Sequence[bytes], lanes: int) -> float:
    """Send the messages over so many connections; return the server's CPU for each in milliseconds.

    Raises AssertionError when one brings no certificate.
    """
    left = iter(bodies)

    async def lane() -> list[bytes]:
        async with HttpsConnection.to(url, server.tls) as connection:
            return [(await connection.request("POST", url, body)).body for body in left]

    before = server.process.usage()
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(lane()) for _ in range(lanes)]
    await asyncio.sleep(SETTLE_SECONDS)
    used = server.process.usage().cpu_seconds - before.cpu_seconds
    for answer in (answer for task in tasks for answer in task.result()):
        names = [one.subject.rfc4514_string() for one in pkcs7.load_der_pkcs7_certificates(answer)]
        if "" not in names:  # the ordered certificates have an empty subject
            raise AssertionError(f"an answer has no certificate but {names}")
    return 1000 * used / len(bodies)


async def slowest(server: Server, url: str, seeds: Sequence[bytes], count: int) -> list[bytes]:
    """Send mutated messages one by one; return the ten whose answers were waited for the longest."""
    chance = Random(10002)  # noqa: S311 - repeatable on purpose
    waited: list[tuple[float, bytes]] = []
    async with HttpsConnection.to(url, server.tls) as connection:
        for _ in range(count):
            sent = mutated(chance.choice(seeds), chance)
            begun = time.perf_counter()
            await connection.request("POST", url, sent)
            waited.append((time.perf_counter() - begun, sent))
    return [sent for _, sent in heapq.nlargest(10, waited)]


def mutated(message: bytes, chance: Random) -> bytes:
    """Change a few bytes, leave some out or repeat some."""
    changed = bytearray(message)
    for _ in range(chance.choice((1, 1, 2, 8))):
        at, length = chance.randrange(len(changed)), chance.randrange(1, 33)
        match chance.randrange(3):
            case 0:
                changed[at] = chance.randrange(256)
            case 1:
                del changed[at : at + length]
            case _:
                changed[at:at] = changed[at : at + length] * chance.choice((1, 100))
    return bytes(changed)


async def cpu_ms(server: Server, url: str, body: bytes, times: int) -> float:
    """Return the server's CPU for one message in milliseconds, sent again and again."""
    async with HttpsConnection.to(url, server.tls) as connection:
        before = server.process.usage()
        for _ in range(times):
            await connection.request("POST", url, body)
        await asyncio.sleep(SETTLE_SECONDS)
        return 1000 * (server.process.usage().cpu_seconds - before.cpu_seconds) / times


async def measure(place: Path, http_server: HttpServer, lint: LintMode, arguments: argparse.Namespace) -> Found:
    """Measure one installation."""
    with ExitStack() as ends:
        nothing = Surroundings(resolver=f"127.0.0.1:{free_port()}", http_port=free_port(), processes=[])
        installation = Installation.init(place / "ca", lint=lint, surroundings=nothing)  # the client vouches for names
        server = installation.serve(http_server)
        ends.callback(server.stop)
        url: str = json.loads((installation.directory / "run" / "endpoints.json").read_text())["cmc"]
        credential = register(installation, place)
        await load(server, url, prepare(credential, WARM_UP, "warm"), arguments.lanes)
        rounds = []
        for number in range(arguments.rounds):
            bodies = prepare(credential, arguments.enrolments, f"r{number}")
            alone = cryptography_ms(arguments.enrolments)
            used = await load(server, url, bodies, arguments.lanes)
            rounds.append(Round(server_ms=used, cryptography_ms=alone))
        seeds = prepare(credential, 8, "seed")
        dearest = [
            await cpu_ms(server, url, body, arguments.repeats)
            for body in await slowest(server, url, seeds, arguments.mutations)
        ]
    return Found(http_server=http_server, lint=lint, rounds=rounds, dearest_ms=max(dearest))


def register(installation: Installation, place: Path) -> Credential:
    """Let the gateway issue the certificate of a CMC client with a P-256 key; raises StartError."""
    key = ec.generate_private_key(ec.SECP256R1())
    credential = Credential(certificate=place / "client.pem", key=place / "client.key")
    credential.key.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    request = place / "client.p10"
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "bench")])
    csr_of_client = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, hashes.SHA256())
    request.write_bytes(csr_of_client.public_bytes(Encoding.DER))
    command = [trivium(), "cmc-client", "add", "bench", "--csr", request, "--json", "--dir", installation.directory]
    done = subprocess.run(list(map(str, command)), capture_output=True, check=False)
    if done.returncode != 0:
        raise StartError(f"trivium cmc-client add failed:\n{done.stderr.decode()}")
    credential.certificate.write_text(json.loads(done.stdout)["certificate"])
    return credential


def main() -> None:
    """Run the benchmark and print its table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--enrolments", type=int, default=128, help="in a round")
    parser.add_argument("--lanes", type=int, default=8, help="connections")
    parser.add_argument("--mutations", type=int, default=2000, help="mutated messages, sent one by one")
    parser.add_argument("--repeats", type=int, default=20, help="how often the slowest ten of them are sent again")
    parser.add_argument("--servers", nargs="+", choices=("uvicorn", "hypercorn"), default=["uvicorn"])
    parser.add_argument("--lints", nargs="+", choices=("off", "error"), default=["off", "error"])
    parser.add_argument("--directory", type=Path, default=Path("build"), help="on the disk to be measured")
    arguments = parser.parse_args()
    os.sched_setaffinity(0, DRIVER_CORES)
    arguments.directory.mkdir(parents=True, exist_ok=True)
    print(HEADING, flush=True)
    for http_server in arguments.servers:
        for lint in arguments.lints:
            with (
                tempfile.TemporaryDirectory(prefix="bench-cmc-", dir=arguments.directory) as temporary,
                asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
            ):
                try:
                    found = runner.run(measure(Path(temporary).resolve(), http_server, lint, arguments))
                except (StartError, ConnectionError) as error:
                    sys.exit(str(error))
            print(found.row(), flush=True)


if __name__ == "__main__":
    main()
