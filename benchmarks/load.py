"""One measured load: a number of lanes, each an account that issues one certificate after the other."""

import asyncio
import resource
import time
from collections.abc import Sequence
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from benchmarks.acme_client import AccountKey, AcmeClient, PreparedRequest, prepare
from benchmarks.servers import Server

SETTLE_SECONDS = 0.25
"""How long the server's CPU is still counted after the last answer: work put off is work too."""


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """What one load on one server gave."""

    server: str
    concurrency: int
    certificates: int
    seconds: float
    server_cpu_seconds: float
    driver_cpu_seconds: float
    requests: int
    polls: int
    p50_ms: float
    p95_ms: float
    rss_mib: float

    @property
    def per_second(self) -> float:
        """Complete issuances a second."""
        return self.certificates / self.seconds

    @property
    def cpu_ms(self) -> float:
        """Server CPU per certificate, milliseconds."""
        return 1000 * self.server_cpu_seconds / self.certificates

    @property
    def requests_each(self) -> float:
        """HTTP requests per certificate."""
        return self.requests / self.certificates


async def measure(
    server: Server, keys: Sequence[AccountKey], *, concurrency: int, certificates: int, run: str
) -> Measurement:
    """Issue about ``certificates`` certificates over ``concurrency`` lanes and check every one of them.

    Accounts, connections, keys and CSRs are made before the clock starts, the certificates checked after it stopped.
    ``run`` makes the names unique: a label. Raises IssuanceError or ConnectionError when any issuance fails.
    """
    each = max(1, certificates // concurrency)
    work = [prepare(lane, run, each) for lane in range(concurrency)]
    clients = [await AcmeClient.register(server.directory_url, server.tls, key) for key in keys[:concurrency]]
    for client in clients:
        client.connection.requests = 0
    before, driver_before, started = server.process.usage(), _own_cpu(), time.perf_counter()
    async with asyncio.TaskGroup() as group:
        lanes = [group.create_task(_lane(*lane)) for lane in zip(clients, work, strict=True)]
    seconds, driver_cpu = time.perf_counter() - started, _own_cpu() - driver_before
    await asyncio.sleep(SETTLE_SECONDS)
    after = server.process.usage()
    latencies = sorted(seconds for lane in lanes for seconds, _chain in lane.result())
    for requests, lane in zip(work, lanes, strict=True):
        for request, (_seconds, chain) in zip(requests, lane.result(), strict=True):
            _check(request, chain)
    for client in clients:
        await client.connection.close()
    return Measurement(
        server=server.name,
        concurrency=concurrency,
        certificates=len(latencies),
        seconds=seconds,
        server_cpu_seconds=after.cpu_seconds - before.cpu_seconds,
        driver_cpu_seconds=driver_cpu,
        requests=sum(client.connection.requests for client in clients),
        polls=sum(client.polls for client in clients),
        p50_ms=1000 * latencies[len(latencies) // 2],
        p95_ms=1000 * latencies[len(latencies) * 95 // 100],
        rss_mib=after.rss_bytes / 2**20,
    )


async def _lane(client: AcmeClient, work: Sequence[PreparedRequest]) -> list[tuple[float, bytes]]:
    done = []
    for request in work:
        started = time.perf_counter()
        chain = await client.issue(request)
        done.append((time.perf_counter() - started, chain))
    return done


def _check(request: PreparedRequest, chain: bytes) -> None:
    """A fast answer counts only if it is the certificate asked for."""
    certificate = x509.load_pem_x509_certificates(chain)[0]
    spki = certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    if spki != request.public_key or names.get_values_for_type(x509.DNSName) != [request.name]:
        raise AssertionError(f"the certificate for {request.name} has another key or other names")


def _own_cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
