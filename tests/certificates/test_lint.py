"""The lint before the signature (rules 10-12)."""

import dataclasses
import subprocess
import sys

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from pkilint.validation import ValidationFindingSeverity

from ca_core.certificates.csr import parse_csr
from ca_core.certificates.lint import Finding, LintedTbs, Linters, Severity, require_no_blocking
from ca_core.certificates.policies import default_private_lint
from ca_core.certificates.tbs import Tbs, build_tbs
from ca_core.keys.signer import KeyAlgorithm
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.identifiers import Identifier
from ca_core.model.products import AcceptedFinding, LintMode, LintPolicy, LintSet
from tests.certificates.authorities import NOW, dns, ip, new_authority, new_csr, new_product, new_tbs
from tests.running_gateway import ROOT

STRICT = LintPolicy()


async def tbs_of(names: tuple[Identifier, ...], *, validity: int = 90 * 86400) -> Tbs:
    """Return the TBS of a TLS certificate."""
    authority = await new_authority(KeyAlgorithm.P256)
    return new_tbs(authority, names, product=new_product(validity=validity))


async def test_a_sound_certificate_has_no_finding(linters: Linters) -> None:
    """The default profile has findings that hide a new one (CABF DV set)."""
    linted = linters.lint_tbs(await tbs_of(dns("www.example.com", "*.example.com")), STRICT)
    assert linted.findings == ()
    assert linted.linted


async def test_rsa_keys_and_addresses_have_no_finding_either(linters: Linters) -> None:
    """An RSA subject key or an iPAddress gives findings under the default profile."""
    authority = await new_authority(KeyAlgorithm.RSA3072)
    names = (*dns("www.example.com"), *ip("9.9.9.9", "2620:fe::fe"))
    csr = new_csr(names, key=rsa.generate_private_key(65537, 2048))
    assert linters.lint_tbs(new_tbs(authority, names, csr=csr), STRICT).findings == ()


async def test_a_known_bad_tls_certificate_is_refused(linters: Linters) -> None:
    """Severities are compared the wrong way round and errors pass (rule 11, FATAL=0 < ERROR=1 < WARNING=2)."""
    with pytest.raises(TriviumError, match="certificate_validity_period_exceeds_200_days") as refused:
        linters.lint_tbs(await tbs_of(dns("www.example.com"), validity=398 * 86400), STRICT)
    assert refused.value.kind is ErrorKind.INTERNAL


async def test_a_known_bad_ocsp_responder_is_refused(linters: Linters) -> None:
    """A responder certificate with errors is signed (rule 11): here one for web servers under the responder's set."""
    policy = LintPolicy(lint_set=LintSet.OCSP_RESPONDER)
    with pytest.raises(TriviumError, match=r"cabf\.serverauth\.ocsp"):
        linters.lint_tbs(await tbs_of(dns("www.example.com")), policy)


async def test_a_known_bad_certificate_of_the_pkix_set_is_refused(linters: Linters) -> None:
    """The bare RFC 5280 set stops nothing (rule 11): here a name with an underscore."""
    policy = LintPolicy(lint_set=LintSet.PKIX)
    with pytest.raises(TriviumError, match=r"pkix\.invalid_domain_name_syntax"):
        linters.lint_tbs(await tbs_of(dns("a..example.com")), policy)


async def test_undecodable_bytes_block(linters: Linters) -> None:
    """What the linter cannot even decode passes as free of findings (FATAL is its worst severity, number 0)."""
    tbs = await tbs_of(dns("www.example.com"))
    broken = dataclasses.replace(tbs, der=tbs.der.replace(bytes.fromhex("0603551d11"), bytes.fromhex("3003551d11")))
    with pytest.raises(TriviumError):
        linters.lint_tbs(broken, STRICT)


def test_every_severity_of_the_linter_is_known() -> None:
    """A severity of pkilint has no counterpart, so that a finding of it is a server error."""
    known = {severity.name.lower() for severity in ValidationFindingSeverity}
    assert known == {severity.value for severity in Severity}
    assert {severity for severity in Severity if severity.blocks} == {Severity.FATAL, Severity.ERROR}


@pytest.mark.parametrize("severity", Severity)
def test_which_severities_stop_an_issuance(severity: Severity) -> None:
    """ERROR passes or WARNING blocks (rule 11)."""
    finding = Finding(severity=severity, code="x.y", message="", path="certificate", accepted=False)
    accepted = dataclasses.replace(finding, accepted=True)
    require_no_blocking([accepted])
    if severity in {Severity.FATAL, Severity.ERROR}:
        with pytest.raises(TriviumError, match=r"x\.y"):
            require_no_blocking([accepted, finding])
    else:
        require_no_blocking([finding])


@pytest.mark.parametrize(
    "names",
    [dns("host.test"), dns("localhost"), dns("a.internal", "b.home.arpa"), ip("127.0.0.1", "10.1.2.3", "fd00::1")],
    ids=["test", "localhost", "internal", "addresses"],
)
async def test_internal_names_need_an_accepted_finding(linters: Linters, names: tuple[Identifier, ...]) -> None:
    """A public product gets internal names through the lint, or the private default refuses its own names."""
    tbs = await tbs_of(names)
    with pytest.raises(TriviumError) as refused:
        linters.lint_tbs(tbs, STRICT)
    assert refused.value.kind is ErrorKind.IDENTIFIER_REJECTED
    linted = linters.lint_tbs(tbs, default_private_lint(single_labels=False))
    assert linted.findings
    assert all(finding.accepted for finding in linted.findings)


async def test_a_single_label_is_accepted_where_it_is_allowed(linters: Linters) -> None:
    """The private default with single labels refuses ``intranet``."""
    tbs = await tbs_of(dns("intranet"))
    assert linters.lint_tbs(tbs, default_private_lint(single_labels=True)).linted


async def test_an_accepted_code_accepts_nothing_else(linters: Linters) -> None:
    """Accepting one finding lets another one pass."""
    policy = LintPolicy(accepted=(AcceptedFinding(code="cabf.internal_domain_name", reason="a test"),))
    with pytest.raises(TriviumError, match="exceeds_200_days"):
        linters.lint_tbs(await tbs_of(dns("host.test"), validity=398 * 86400), policy)


@pytest.mark.parametrize("algorithm", KeyAlgorithm)
async def test_the_private_default_fits_every_issuer(linters: Linters, algorithm: KeyAlgorithm) -> None:
    """An installation with this issuer algorithm cannot issue under its default product."""
    tbs = new_tbs(await new_authority(algorithm), dns("host.test"))
    assert linters.lint_tbs(tbs, default_private_lint(single_labels=True, algorithm=algorithm)).linted


async def test_lint_off_says_so(linters: Linters) -> None:
    """A certificate that was not linted looks as if it had been."""
    tbs = await tbs_of(dns("www.example.com"), validity=398 * 86400)
    linted = linters.lint_tbs(tbs, LintPolicy(mode=LintMode.OFF))
    assert not linted.linted
    assert linted.tbs is tbs


async def test_only_the_lint_makes_what_can_be_signed() -> None:
    """Somebody signs a TBS that was never linted (rule 10)."""
    tbs = await tbs_of(dns("www.example.com"))
    with pytest.raises(TypeError, match="lint_tbs"):
        LintedTbs(tbs=tbs, linted=True, findings=(), token=object())


async def test_another_tbs_cannot_take_the_place_of_the_linted_one(linters: Linters) -> None:
    """The linted TBS is exchanged for another behind the lint's back (rules 9, 10)."""
    linted = linters.lint_tbs(await tbs_of(dns("www.example.com")), STRICT)
    other = await tbs_of(dns("evil.example.com"))
    with pytest.raises(ValueError, match="token"):
        dataclasses.replace(linted, tbs=other)  # type: ignore[call-arg]
    with pytest.raises(dataclasses.FrozenInstanceError):
        linted.tbs = other  # type: ignore[misc]


async def test_the_linted_bytes_are_the_signed_bytes(linters: Linters, monkeypatch: pytest.MonkeyPatch) -> None:
    """The lint sees other bytes than the key (rule 9)."""
    seen: list[bytes] = []
    lint = linters.lint_certificate

    def spy(der: bytes, policy: LintPolicy) -> tuple[Finding, ...]:
        seen.append(der)
        return lint(der, policy)

    monkeypatch.setattr(linters, "lint_certificate", spy)
    linted = linters.lint_tbs(await tbs_of(dns("www.example.com")), STRICT)
    (der,) = seen
    assert x509.load_der_x509_certificate(der).tbs_certificate_bytes == linted.tbs.der


async def test_a_bad_key_is_the_requesters_fault(linters: Linters) -> None:
    """The requester with a key the product's set forbids is told that the server failed."""
    authority = await new_authority(KeyAlgorithm.P256)
    csr = parse_csr(new_csr(dns("www.example.com"), key=ed25519.Ed25519PrivateKey.generate()))
    tbs = build_tbs(
        product=new_product(), issuer=authority.issuer, csr=csr, identifiers=dns("www.example.com"), serial=1, now=NOW
    )
    with pytest.raises(TriviumError) as refused:
        linters.lint_tbs(tbs, STRICT)
    assert refused.value.kind is ErrorKind.BAD_KEY


def test_validators_are_built_when_first_needed() -> None:
    """Every command waits 0.6 s for validators it does not use."""
    code = """import sys
from ca_core.certificates.lint import Linters
linters = Linters()
assert "pkilint" not in sys.modules
linters.build()
assert "pkilint" in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


async def test_the_final_certificate_can_be_linted(linters: Linters) -> None:
    """The lint after the signature has nothing to call."""
    authority = await new_authority(KeyAlgorithm.P256)
    assert linters.lint_certificate(authority.root, STRICT)
    assert {finding.accepted for finding in linters.lint_certificate(authority.root, STRICT)} == {False}
