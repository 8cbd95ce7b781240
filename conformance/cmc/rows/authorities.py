"""What registration authorities send on, and what they say about it (RFC 10002 sections 6.5, 6.8, 6.17 to 6.21, 8)."""

from dataclasses import dataclass

from cryptography import x509
from pyasn1_alt_modules import rfc4211, rfc5280, rfc6402

from conformance.cmc import openssl
from conformance.cmc.checks import (
    MUST,
    PYASN1,
    SHOULD,
    CmcStatus,
    FailInfo,
    expect_done,
    expect_refusal,
    shows,
)
from conformance.cmc.clients.pyasn1 import decoded, encoded
from conformance.cmc.lab import Lab
from conformance.cmc.model import (
    Control,
    ControlType,
    Credential,
    Crmf,
    Der,
    Octets,
    Pkcs10,
    PopWitness,
    control,
    nonce,
)
from conformance.cmc.reply import Reply
from conformance.cmc.requests import Key, crmf, csr, new_key
from conformance.cmc.target import self_signed
from conformance.expect import expect

FIRST = 500
"""The body part id of the first nested message."""

_SUBJECT_ALT_NAME = "2.5.29.17"
_KEY_USAGE = "2.5.29.15"


@dataclass(frozen=True, kw_only=True)
class Answers:
    """The answer to an authority, and those to the messages it sent on, by their body part ids."""

    outer: Reply
    inner: dict[int, Reply]


def send_on(lab: Lab, *parts: Control | bytes, by: Credential | None = None) -> Answers:
    """Let a registration authority send messages on, numbered from FIRST, with what it says about them."""
    controls = tuple(part for part in parts if isinstance(part, Control))
    contents = tuple(part for part in parts if isinstance(part, bytes))
    signer = by or lab.given(lab.target.authority, "registration authority")
    reply = lab.send(lab.carrying(*controls, nonce(), contents=contents, by=signer))
    return Answers(outer=reply, inner={number: lab.read(der) for number, der in reply.contents.items()})


def numbers(kind: ControlType, *ids: int) -> Control:
    """Return a control whose value is a BodyPartList or a BodyPartPath."""
    value = rfc6402.BodyPartList()
    value.extend(ids)
    return control(kind, Der(value=encoded(value)))


def processed(*path: int) -> Control:
    """Return controlProcessed for one control."""
    value = rfc6402.ControlsProcessed()
    reference = rfc6402.BodyPartReference()
    reference["bodyPartPath"].extend(path)
    value["bodyList"].append(reference)
    return control(ControlType.CONTROL_PROCESSED, Der(value=encoded(value)))


def extension(oid: str, value: bytes) -> rfc5280.Extension:
    """Return an extension."""
    made = rfc5280.Extension()
    made["extnID"], made["extnValue"] = oid, value
    return made


def names(*values: str) -> rfc5280.Extension:
    """Return a subjectAltName."""
    return extension(_SUBJECT_ALT_NAME, x509.SubjectAlternativeName(list(map(x509.DNSName, values))).public_bytes())


def template(path: tuple[int, ...], number: int, changed: rfc5280.Extension) -> Control:
    """Return modCertTemplate with one extension."""
    value = rfc6402.ModCertTemplate()
    value["pkiDataReference"].extend(path)
    value["certReferences"].append(number)
    asked = rfc4211.CertTemplate()
    asked["extensions"].append(changed)
    value["certTemplate"] = asked
    return control(ControlType.MOD_CERT_TEMPLATE, Der(value=encoded(value)))


def added(holder: int, number: int, extra: rfc5280.Extension) -> Control:
    """Return addExtensions with one extension."""
    value = rfc6402.AddExtensions()
    value["pkiDataReference"] = holder
    value["certReferences"].append(number)
    value["extensions"].append(extra)
    return control(ControlType.ADD_EXTENSIONS, Der(value=encoded(value)))


def expect_names(reply: Reply, key: Key, *expected: str) -> None:
    """Expect a certificate of the key for these names."""
    certificate = reply.certificate_of(key.public_key())
    if certificate is None:
        expect(None, f"a certificate was expected: {reply}")
        raise AssertionError
    found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    expect(sorted(found.get_values_for_type(x509.DNSName)) == sorted(expected), f"{expected} were expected: {found}")


@shows("batchRequests and batchResponses", MUST, PYASN1)
def batches(lab: Lab) -> None:
    """Each message of a batch has an answer of its own, and errors stay in it; nobody else may send one."""
    keys = [new_key(), new_key()]
    good = [lab.message(lab.request(key=key), nonce()) for key in keys]
    wrong = lab.message(lab.request(), Control(oid="1.2.3.4.5", value=Octets(value=b"")))
    batch = numbers(ControlType.BATCH_REQUESTS, FIRST + 2, FIRST, FIRST + 1)
    answers = send_on(lab, batch, good[0], wrong, good[1])
    expect_done(answers.outer, batch.id)
    [listed] = answers.outer.values(ControlType.BATCH_RESPONSES)
    responses = [int(one) for one in decoded(listed, rfc6402.BodyPartList())]
    expect(sorted(responses) == sorted(answers.inner), f"batchResponses lists {responses}, not {list(answers.inner)}")
    for number, key in ((FIRST, keys[0]), (FIRST + 2, keys[1])):
        expect(answers.inner[number].certificate_of(key.public_key()), f"a certificate was expected: {number}")
    [status] = answers.inner[FIRST + 1].statuses
    expect((status.status, status.fail_info) == (CmcStatus.FAILED, FailInfo.BAD_REQUEST), f"not {status}")
    again = numbers(ControlType.BATCH_REQUESTS, FIRST)
    refused = send_on(lab, again, lab.message(lab.request()), by=lab.target.client)
    expect_refusal(refused.outer, FailInfo.BAD_IDENTITY, again.id)
    missing = numbers(ControlType.BATCH_REQUESTS, FIRST + 1)
    expect_refusal(send_on(lab, missing, lab.message(lab.request())).outer, FailInfo.BAD_REQUEST, missing.id)


@shows("a message in a batch counts once", MUST, PYASN1)
def batch_copies(lab: Lab) -> None:
    """A client's message that an authority sends on twice is a replay; a changed one is badMessageCheck inside."""
    message = lab.message(lab.request(), nonce())
    changed = message[:-1] + bytes([message[-1] ^ 1])
    batch = numbers(ControlType.BATCH_REQUESTS, FIRST, FIRST + 1, FIRST + 2)
    answers = send_on(lab, batch, message, message, changed)
    expect_done(answers.outer, batch.id)
    expect_done(answers.inner[FIRST], 1)
    expect_refusal(answers.inner[FIRST + 1], FailInfo.BAD_REQUEST, 0)
    expect_refusal(answers.inner[FIRST + 2], FailInfo.BAD_MESSAGE_CHECK, 0)


@shows("modCertTemplate", MUST, PYASN1)
def modifications(lab: Lab) -> None:
    """An authority gives a client's request its names; other extensions are unsupportedExt, references are checked."""
    key, name = new_key(), lab.name()
    change = template((FIRST,), 1, names(name))
    expect_names(send_on(lab, change, lab.message(lab.request(key=key))).inner[FIRST], key, name)
    for wrong, fail_info in (
        (template((FIRST,), 2, names(name)), FailInfo.BAD_REQUEST),
        (template((FIRST + 1,), 1, names(name)), FailInfo.BAD_REQUEST),
        (template((FIRST,), 1, extension(_KEY_USAGE, b"\x03\x02\x02\x04")), FailInfo.UNSUPPORTED_EXT),
    ):
        refused = send_on(lab, wrong, lab.message(lab.request()))
        expect_refusal(refused.outer, fail_info, wrong.id)
    own = template((0,), 1, names(name))
    expect_refusal(lab.ask(own, nonce(), lab.request()), FailInfo.BAD_IDENTITY, own.id)


@shows("modCertTemplate, the innermost first", MUST, PYASN1)
def layers(lab: Lab) -> None:
    """Of two authorities, the outer one's change overrides that of the inner one."""
    authority = lab.given(lab.target.authority, "registration authority")
    key, inside, outside = new_key(), lab.name(), lab.name()
    change = template((FIRST,), 1, names(inside))
    middle = lab.carrying(change, nonce(), contents=(lab.message(lab.request(key=key)),), by=authority)
    answers = send_on(lab, template((FIRST, FIRST), 1, names(outside)), middle)
    expect_names(lab.read(answers.inner[FIRST].contents[FIRST]), key, outside)


@shows("addExtensions", SHOULD, PYASN1)
def additions(lab: Lab) -> None:
    """An extension is added to the request that is named; a bad reference is badRequest about the control."""
    key, name = new_key(), lab.name()
    authority = lab.given(lab.target.authority, "registration authority")
    reply = lab.ask(added(0, 1, names(name)), nonce(), lab.request(key=key), by=authority)
    expect_names(reply, key, name)
    for wrong in (added(0, 2, names(name)), added(7, 1, names(name))):
        expect_refusal(lab.ask(wrong, nonce(), lab.request(), by=authority), FailInfo.BAD_REQUEST, wrong.id)


@shows("controlProcessed", MUST, PYASN1)
def controls_processed(lab: Lab) -> None:
    """A control that the CA does not know is passed over where the authority has dealt with it, and refused else."""
    extra = Control(oid="1.2.3.4.5", value=Octets(value=b"known to the authority"))

    def message() -> bytes:
        return lab.message(lab.request(), extra, nonce())

    answers = send_on(lab, processed(FIRST, extra.id), message())
    expect_done(answers.inner[FIRST], 1)
    batch = numbers(ControlType.BATCH_REQUESTS, FIRST)
    expect_refusal(send_on(lab, batch, message()).inner[FIRST], FailInfo.BAD_REQUEST, extra.id)
    said = processed(extra.id)
    expect_refusal(lab.ask(lab.request(), extra, said, nonce()), FailInfo.BAD_IDENTITY, said.id)


@shows("raIdentityWitness", MUST, PYASN1)
def identities(lab: Lab) -> None:
    """An authority vouches for whom nobody else knows; its mere wrapping is no word, and a client's word none."""
    key = new_key()
    signer = self_signed(lab.folder, "holder", key)

    def message() -> bytes:
        return openssl.signed(lab.encode(Pkcs10(id=1, der=csr(key, lab.name())), nonce()), signer)

    batch = numbers(ControlType.BATCH_REQUESTS, FIRST)
    expect_refusal(send_on(lab, batch, message()).inner[FIRST], FailInfo.BAD_IDENTITY, 0)
    said = numbers(ControlType.RA_IDENTITY_WITNESS, FIRST)
    reply = send_on(lab, said, message()).inner[FIRST]
    expect(reply.certificate_of(key.public_key()), f"a certificate was expected: {reply}")
    refused = send_on(lab, said, message(), by=lab.target.client)
    expect_refusal(refused.outer, FailInfo.BAD_IDENTITY, said.id)


@shows("lraPOPWitness, for a nested message", SHOULD, PYASN1)
def nested_possession(lab: Lab) -> None:
    """The word is about the message it names: a key in another one stays popRequired."""
    key = new_key()
    bare = Crmf(der=crmf(key, lab.name(), number=9, possession=False))
    batch = numbers(ControlType.BATCH_REQUESTS, FIRST)
    own = control(ControlType.LRA_POP_WITNESS, PopWitness(body_ids=(9,)))
    expect_refusal(send_on(lab, own, batch, lab.message(bare, nonce())).inner[FIRST], FailInfo.POP_REQUIRED, 9)
    said = control(ControlType.LRA_POP_WITNESS, PopWitness(pki_data=FIRST, body_ids=(9,)))
    reply = send_on(lab, said, lab.message(bare, nonce())).inner[FIRST]
    expect(reply.certificate_of(key.public_key()), f"a certificate was expected: {reply}")


@shows("responseBody", MUST, PYASN1)
def response_body(lab: Lab) -> None:
    """It names the answer to a message outside a batch, and "MUST NOT appear in the control sequence of a PKIData"."""
    answers = send_on(lab, template((FIRST,), 1, names(lab.name())), lab.message(lab.request()))
    named = [
        [int(one) for one in decoded(value, rfc6402.BodyPartPath())]
        for value in answers.outer.values(ControlType.RESPONSE_BODY)
    ]
    expect(named == [[FIRST]], f"responseBody was expected: {answers.outer}")
    said = numbers(ControlType.RESPONSE_BODY, 1)
    expect_refusal(lab.ask(said, nonce(), lab.request()), FailInfo.BAD_REQUEST, said.id)
