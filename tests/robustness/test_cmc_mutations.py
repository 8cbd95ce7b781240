"""Ten thousand mutated CMC messages over HTTP: no certificate, no 5xx, no dead worker, a proper answer to each."""

import asyncio
import base64
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from conformance.cmc.model import (
    CertificateId,
    Control,
    ControlType,
    CrlId,
    Crmf,
    Message,
    Number,
    Octets,
    PopWitness,
    Revocation,
    Text,
    Value,
    Witness,
    control,
    nonce,
)
from conformance.cmc.openssl import encrypted
from conformance.cmc.requests import crmf, name_of
from conformance.cmc.rows.proofs import authenticated
from conformance.cmc.rows.revocation import unsigned
from tests.robustness.cmc_client import ENCODER, CmcClient, pki_data, register, request, unproved
from tests.robustness.cmc_lanes import Lane, issued_over_cmc, lanes, recipient_certificate
from tests.robustness.invariants import check
from tests.robustness.mutators import Tlv, mutated_bytes, mutated_der, parse_der
from tests.robustness.test_mutations import GROWTH, WORST_SECONDS, memory
from tests.running_gateway import UNLIMITED, RunningGateway

LANES = 8
SEED = 10002
NAME = "mutations.trivium.test"


@dataclass(frozen=True)
class Stage:
    """A gateway with one worker and a client. ``used`` are messages that were served: no copy may order again."""

    gateway: RunningGateway
    client: CmcClient
    used: tuple[bytes, ...]

    async def message(self, lane: Lane) -> None:
        """Mutate a message that was served, below its signature, its MAC or its encryption."""
        good = lane.chance.choice(self.used)
        changed = mutated_der(good, lane.chance) if lane.chance.random() < 0.7 else mutated_bytes(good, lane.chance)
        dressed = base64.encodebytes(changed) if lane.chance.random() < 0.1 else changed
        await lane.post(dressed)

    async def content(self, lane: Lane) -> None:
        """Sign a mutated PKIData, whose request nobody may certify: it reaches the handlers of the controls."""
        good = pki_data(*lane.chance.sample(self.controls(), 3), csrs=(unproved(NAME),))
        changed = mutated_der(good, lane.chance) if lane.chance.random() < 0.8 else mutated_bytes(good, lane.chance)
        await lane.post(self.client.sign(changed), self.path(lane))

    async def request(self, lane: Lane) -> None:
        """Sign a PKIData around a mutated request, which its own key did not sign so."""
        if lane.chance.random() < 0.5:
            tagged = Tlv(0xA0, b"\x02\x01\x01" + mutated_der(unproved(NAME), lane.chance))
        else:
            key, stranger = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
            [asked] = parse_der(crmf(key, NAME, signer=stranger))
            parts = [mutated_der(part.encode(), lane.chance) for part in asked.children or ()]
            tagged = Tlv(0xA1, b"".join(parts))
        [data] = parse_der(pki_data(nonce()))
        controls, _, contents, messages = data.children or ()
        whole = replace(data, children=(controls, Tlv(0x30, children=(tagged,)), contents, messages))
        await lane.post(self.client.sign(whole.encode()))

    async def unsigned(self, lane: Lane) -> None:
        """Send a PKIData that nobody signed: a revocation by a secret that is not shared, and what is like it."""
        good = pki_data(*lane.chance.sample(self.controls(), 2), csrs=())
        await lane.post(unsigned(mutated_der(good, lane.chance)))

    def controls(self) -> list[Control]:
        """Return a control of each kind, in order but for what it names."""
        issuer, serial = name_of(self.client.certificate), self.client.certificate.serial_number
        values: dict[ControlType, Value] = {
            ControlType.DATA_RETURN: Octets(value=b"data"),
            ControlType.TRANSACTION_ID: Number(value=2**70),
            ControlType.SENDER_NONCE: nonce().value,
            ControlType.IDENTIFICATION: Text(value=self.client.secret.identification),
            ControlType.IDENTITY_PROOF_V2: Witness(value=bytes(32)),
            ControlType.IDENTITY_PROOF: Octets(value=bytes(20)),
            ControlType.REG_INFO: Octets(value=b"product=tls&validity=1d"),
            ControlType.POP_LINK_RANDOM: Octets(value=bytes(64)),
            ControlType.LRA_POP_WITNESS: PopWitness(body_ids=(1,)),
            ControlType.QUERY_PENDING: Octets(value=b"ord-01"),
            ControlType.GET_CERT: CertificateId(issuer=issuer, serial=serial),
            ControlType.GET_CRL: CrlId(issuer=issuer),
            ControlType.REVOKE_REQUEST: Revocation(issuer=issuer, serial=1, passphrase=b"guess"),
            ControlType.CONFIRM_CERT_ACCEPTANCE: CertificateId(issuer=issuer, serial=2),
            ControlType.DECRYPTED_POP: Octets(value=b"pop"),
            ControlType.BATCH_REQUESTS: Octets(value=b"batch"),
            ControlType.CONTROL_PROCESSED: Octets(value=b"processed"),
        }
        return [control(kind, value) for kind, value in values.items()]

    def path(self, lane: Lane) -> str:
        """Return the URL's path, with a query at times."""
        query = mutated_bytes(b"account=default&product=tls&validity=3y", lane.chance)[:300].hex("%")
        return f"/ws/cmc?%{query}" if lane.chance.random() < 0.2 else "/cmc"


SHOTS: dict[str, tuple[int, Callable[[Stage, Lane], Awaitable[None]]]] = {
    "message": (5000, Stage.message),
    "content": (2500, Stage.content),
    "request": (1500, Stage.request),
    "unsigned": (1000, Stage.unsigned),
}
"""Ten thousand, by what is mutated."""


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Serve a gateway whose worker must be the same at the end."""
    folder = tmp_path_factory.mktemp("cmc-mutations")
    gateway = RunningGateway(folder / "ca")
    gateway.init(*UNLIMITED)
    gateway.start()
    workers = gateway.workers
    client = register(gateway, folder, "gateway-1", "--right", "issue", "--right", "revoke", "--right", "query")
    yield Stage(gateway, client, asyncio.run(used_up(gateway, client, folder)))
    assert gateway.workers == workers
    assert "Traceback" not in gateway.log.read_text()
    gateway.stop()


async def used_up(gateway: RunningGateway, client: CmcClient, folder: Path) -> tuple[bytes, ...]:
    """Return a message of each kind that has been served."""
    recipient = folder / "recipient.pem"
    recipient.write_bytes(await recipient_certificate(gateway))
    crm = Crmf(der=crmf(ec.generate_private_key(ec.SECP256R1()), NAME))
    named = control(ControlType.IDENTIFICATION, Text(value=client.secret.identification))
    messages = (
        client.sign(pki_data(nonce(), csrs=(request(NAME), request(NAME)))),
        client.sign(ENCODER.encode(Message(controls=(nonce(),), requests=(crm,)))),
        authenticated(pki_data(named, nonce(), csrs=(request(NAME),)), client.secret),
        *(
            encrypted(client.sign(pki_data(nonce(), csrs=(request(NAME),))), recipient, cipher)
            for cipher in ("aes-128-cbc", "aes-256-gcm")
        ),
    )
    async with lanes(gateway, 1, "") as [lane]:
        for message in messages:
            assert set(await lane.post(message)) == {"0"}, message
    return messages


@pytest.mark.parametrize("kind", SHOTS)
async def test_mutated_messages_order_nothing(
    stage: Stage, kind: str, record_property: Callable[[str, object], None]
) -> None:
    """Rules 72-77: one message that is served to who did not sign it, or that ends a worker, is one to send all day."""
    total, shoot = SHOTS[kind]
    issued = issued_over_cmc(stage.gateway)
    async with lanes(stage.gateway, LANES, f"{SEED} {kind}") as shooting:
        await volley(stage, shooting, shoot, total // 5)
        before = memory(stage.gateway)
        await volley(stage, shooting, shoot, total - total // 5)
        growth = memory(stage.gateway) - before
        worst = max(shooting, key=lambda lane: lane.worst)
        outcomes = sum((lane.outcomes for lane in shooting), Counter[str]())
    record_property("outcomes", dict(outcomes))
    print(f"{kind}: {dict(outcomes)} worst {worst.worst:.3f} s, memory {growth / 1024:+.0f} KiB")  # noqa: T201
    assert worst.worst < WORST_SECONDS, worst.worst_body
    assert abs(growth) < GROWTH
    assert issued_over_cmc(stage.gateway) == issued
    assert "certificates" not in outcomes or kind == "content", "getCert alone gives certificates, and only its own"
    assert "2:11" not in outcomes, "internalCAError is a fault of ours"
    await asyncio.to_thread(check, stage.gateway)


async def volley(
    stage: Stage, shooting: list[Lane], shoot: Callable[[Stage, Lane], Awaitable[None]], total: int
) -> None:
    """Shoot so many times in all, every lane at its own pace."""
    left = iter(range(total))

    async def one_after_the_other(lane: Lane) -> None:
        for _ in left:
            await shoot(stage, lane)

    await asyncio.gather(*(one_after_the_other(lane) for lane in shooting))
