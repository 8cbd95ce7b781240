"""Revocation of certificates that users name by issuer and serial."""

from dataclasses import replace

import pytest
from cryptography import x509

from ca_core.certificates.distinguished_names import name_of, parse_name
from ca_core.model.certificates import Certificate, CertificateStatus, RevocationReason
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.permissions import Permission
from ca_core.model.principals import Principal, PrincipalKind
from ca_core.revocation.named import Wanted, revoke_all
from tests.revocation.installation import CLIENT, Installation

USER = Principal(
    kind=PrincipalKind.API_USER, id="usr-1", permissions={CLIENT: frozenset({Permission.CERTIFICATE_DELETE})}
)


def wanted(installation: Installation, certificate: Certificate) -> Wanted:
    """Return a certificate as it is named."""
    return Wanted(
        issuer=name_of(x509.load_der_x509_certificate(installation.issuer.certificate).subject),
        serial=certificate.serial,
        reason=RevocationReason.SUPERSEDED,
        requestor="Ada Lovelace",
    )


async def states(installation: Installation, *certificates: Certificate) -> list[CertificateStatus]:
    """Return what has become of certificates."""
    found = await installation.store.read(lambda tx: [tx.certificates.get(one.id) for one in certificates])
    return [one.status for one in found if one is not None]


async def test_named_certificates_are_revoked_for_their_requestor(installation: Installation) -> None:
    """A service account revokes for somebody: without his name nobody could tell who wanted it."""
    first, second = await installation.issue("a.example.com"), await installation.issue("b.example.com")
    await revoke_all(installation.core, [wanted(installation, one) for one in (first, second)], USER)
    stored = await installation.store.read(lambda tx: tx.certificates.get(first.id))
    assert stored is not None
    assert stored.revocation is not None
    assert (stored.revocation.reason, stored.revocation.requestor) == (RevocationReason.SUPERSEDED, "Ada Lovelace")
    [record] = await installation.store.read(lambda tx: tx.audit.of_object(second.id, 10))
    assert record.details["requestor"] == "Ada Lovelace"


async def test_all_are_revoked_or_none(installation: Installation) -> None:
    """A client that is told of an error would not know which of its certificates are revoked by now."""
    first, second = await installation.issue("a.example.com"), await installation.issue("b.example.com")
    both = [wanted(installation, one) for one in (first, second)]
    for bad in (
        replace(both[1], serial=both[1].serial + 1),
        replace(both[1], issuer=parse_name("CN=Another")),
        replace(both[1], reason=RevocationReason.CERTIFICATE_HOLD),
        replace(both[1], requestor="a\nb"),
    ):
        with pytest.raises(TriviumError):
            await revoke_all(installation.core, [both[0], bad], USER)
        assert await states(installation, first, second) == [CertificateStatus.ISSUED] * 2
    await revoke_all(installation.core, both, USER)
    with pytest.raises(TriviumError, match="revoked already"):
        await revoke_all(installation.core, both, USER)


async def test_others_certificates_are_as_none(installation: Installation) -> None:
    """A user would learn which serial numbers another Client has, or revoke them (abuse 46)."""
    certificate = await installation.issue("a.example.com")
    stranger = replace(USER, permissions={"cli-2": USER.permissions[CLIENT]})
    unknown = replace(wanted(installation, certificate), serial=certificate.serial ^ 1)
    messages = set()
    for one in (wanted(installation, certificate), unknown):
        with pytest.raises(TriviumError) as refused:
            await revoke_all(installation.core, [one], stranger)
        assert refused.value.kind is ErrorKind.NOT_FOUND
        messages.add(refused.value.detail.replace(f"{one.serial:x}", ""))
    assert len(messages) == 1
    looker = replace(USER, permissions={CLIENT: frozenset({Permission.CERTIFICATE_VIEW})})
    with pytest.raises(TriviumError) as refused:
        await revoke_all(installation.core, [wanted(installation, certificate)], looker)
    assert refused.value.kind is ErrorKind.FORBIDDEN
    assert await states(installation, certificate) == [CertificateStatus.ISSUED]
