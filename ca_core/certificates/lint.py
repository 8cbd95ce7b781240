"""The lint: every TBS passes pkilint before a key signs it, and only what passed can be signed (rules 9-12).

A TBS is linted as the certificate it will become, under a constant dummy signature of the right algorithm, so the
linted bytes are the signed bytes (BR 4.3.1.2). The lint takes 2.7 ms and holds the interpreter; it runs in-process.
pkilint is imported when the first validator is built, since it takes 0.3 s and most commands never lint.
"""

import functools
import threading
from collections.abc import Iterable
from dataclasses import InitVar, dataclass
from enum import StrEnum
from typing import Any, Final, Self

import publicsuffixlist

from ca_core.certificates.tbs import Tbs
from ca_core.keys.signer import KeyAlgorithm
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.products import LintMode, LintPolicy, LintSet


class Severity(StrEnum):
    """How grave a finding is. Not pkilint's numbers: they order the wrong way (FATAL=0 < ERROR=1 < WARNING=2)."""

    FATAL = "fatal"
    ERROR = "error"
    WARNING = "warning"
    NOTICE = "notice"
    INFO = "info"
    DEBUG = "debug"

    @property
    def blocks(self) -> bool:
        """Whether a finding of this severity stops an issuance: ERROR or worse (rule 11)."""
        return self in _BLOCKING


_BLOCKING: Final = frozenset({Severity.FATAL, Severity.ERROR})


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One finding: pkilint's ``code``, where in the certificate (``path``), and whether the product accepts it."""

    severity: Severity
    code: str
    message: str
    path: str
    accepted: bool

    @property
    def blocks(self) -> bool:
        """Whether the finding stops the issuance."""
        return self.severity.blocks and not self.accepted

    def __str__(self) -> str:
        return f"{self.code} ({self.severity})" + (f": {self.message}" if self.message else "")


_TOKEN: Final = object()


@dataclass(frozen=True, kw_only=True)
class LintedTbs:
    """A TBS that may be signed. Only :meth:`Linters.lint_tbs` makes one (rule 10).

    ``linted`` is False where the product's lint is off; ``findings`` are those that did not stop it.
    """

    tbs: Tbs
    linted: bool
    findings: tuple[Finding, ...]
    token: InitVar[object]
    """Not kept, so that it can neither be read from a LintedTbs nor be carried over by ``dataclasses.replace``."""

    def __post_init__(self, token: object) -> None:
        if token is not _TOKEN:
            raise TypeError("a LintedTbs is made by Linters.lint_tbs and by nothing else")


class Linters:
    """The validators of each lint set, built at first use (140 ms) or, by :meth:`prepare`, beforehand; thread-safe."""

    def __init__(self) -> None:
        self._linters: dict[LintSet, _Linter] = {}
        self._lock = threading.Lock()

    @classmethod
    def build(cls, sets: Iterable[LintSet] = tuple(LintSet)) -> Self:
        """Return linters with the validators of ``sets`` built."""
        linters = cls()
        linters.prepare(sets)
        return linters

    def prepare(self, sets: Iterable[LintSet]) -> None:
        """Build the validators of ``sets`` that are not there yet."""
        for lint_set in sets:
            self._linter(lint_set)

    def lint_tbs(self, tbs: Tbs, policy: LintPolicy) -> LintedTbs:
        """Lint exactly the bytes of ``tbs`` and return it as signable.

        Raises for a finding of severity ERROR or worse that ``policy`` does not accept: BAD_KEY when it is about the
        subject's public key, IDENTIFIER_REJECTED when it is about a name, MALFORMED when it is about the subject,
        since these come from the requester; else INTERNAL, since all other fields come from the product, which the
        operator must change.
        """
        if policy.mode is LintMode.OFF:
            return LintedTbs(tbs=tbs, linted=False, findings=(), token=_TOKEN)
        findings = self.lint_certificate(tbs.with_signature(_DUMMY_SIGNATURES[tbs.algorithm]), policy)
        require_no_blocking(findings)
        return LintedTbs(tbs=tbs, linted=True, findings=findings, token=_TOKEN)

    def lint_certificate(self, der: bytes, policy: LintPolicy) -> tuple[Finding, ...]:
        """Return all findings on a certificate (DER) under the policy's set; a mode of ``off`` is not looked at."""
        accepted = frozenset(finding.code for finding in policy.accepted)
        return self._linter(policy.lint_set).lint(der, accepted)

    def _linter(self, lint_set: LintSet) -> "_Linter":
        linter = self._linters.get(lint_set)
        if linter is None:
            with self._lock:
                linter = self._linters.get(lint_set) or self._linters.setdefault(lint_set, _Linter(lint_set))
        return linter


def require_no_blocking(findings: Iterable[Finding]) -> None:
    """Raise for findings that block, as :meth:`Linters.lint_tbs` does."""
    blocking = [finding for finding in findings if finding.blocks]
    if not blocking:
        return
    shown = "; ".join(str(finding) for finding in blocking[:_FINDINGS_SHOWN])
    raise TriviumError(_kind(blocking), f"The certificate would not conform to the product's lint set: {shown}.")


def _kind(blocking: list[Finding]) -> ErrorKind:
    if all(finding.path.startswith(_PUBLIC_KEY_PATH) for finding in blocking):
        return ErrorKind.BAD_KEY
    if all(_NAMES_PATH in finding.path for finding in blocking):
        return ErrorKind.IDENTIFIER_REJECTED
    if all(finding.path.startswith(_SUBJECT_PATH) for finding in blocking):
        return ErrorKind.MALFORMED
    return ErrorKind.INTERNAL


_FINDINGS_SHOWN: Final = 5
_PUBLIC_KEY_PATH: Final = "certificate.tbsCertificate.subjectPublicKeyInfo"
_SUBJECT_PATH: Final = "certificate.tbsCertificate.subject."
_NAMES_PATH: Final = ".subjectAltName"

_ECDSA_DUMMY: Final = bytes.fromhex("3006020101020101")
_DUMMY_SIGNATURES: Final = {
    KeyAlgorithm.P256: _ECDSA_DUMMY,
    KeyAlgorithm.P384: _ECDSA_DUMMY,
    KeyAlgorithm.RSA3072: bytes(384),
    KeyAlgorithm.ED25519: bytes(64),
    KeyAlgorithm.MLDSA44: bytes(2420),
    KeyAlgorithm.MLDSA65: bytes(3309),
    KeyAlgorithm.MLDSA87: bytes(4627),
}
"""Signatures of the right form and length that verify under no key; the linter looks at the form only."""


class _Linter:
    """pkilint's validators of one set, and the filter of findings that the set's own requirements supersede."""

    def __init__(self, lint_set: LintSet) -> None:
        # ruff: noqa: PLC0415 - 0.3 s of imports that most commands never need
        from pkilint import finding_filter, loader

        self._load = loader.load_der_certificate
        self._filter = finding_filter.filter_results
        if lint_set is LintSet.PKIX:
            self._container, self._filters = _pkix()
        elif lint_set in _SMIME_LEVELS:
            self._container, self._filters = _smime(_SMIME_LEVELS[lint_set])
        else:
            self._container, self._filters = _serverauth(lint_set)

    def lint(self, der: bytes, accepted: frozenset[str]) -> tuple[Finding, ...]:
        try:
            certificate = self._load(der)
        except ValueError as error:
            message = f"The certificate cannot be decoded: {error}"
            return (
                Finding(
                    severity=Severity.FATAL, code="itu.invalid_asn1_syntax", message=message, path="", accepted=False
                ),
            )
        results, _ = self._filter(self._filters, self._container.validate(certificate.root))
        return tuple(
            Finding(
                severity=Severity(found.finding.severity.name.lower()),
                code=found.finding.code,
                message=found.message or "",
                path=result.node.path,
                accepted=found.finding.code in accepted,
            )
            for result in results
            for found in result.finding_descriptions
        )


class _SharedSuffixLists:
    """Stands for the module ``publicsuffixlist`` in pkilint: the same list for all who ask with the same options."""

    PublicSuffixList = staticmethod(functools.cache(publicsuffixlist.PublicSuffixList))


def _serverauth(lint_set: LintSet) -> tuple[Any, list[Any]]:
    """Return the CA/Browser Forum TLS validators of a certificate type, and their filters."""
    from pkilint.cabf import serverauth
    from pkilint.cabf.serverauth.serverauth_constants import CertificateType
    from pkilint.common import alternative_name
    from pkilint.pkix import certificate

    # Each of ten validators would parse the list for itself, which takes a second in all; none changes it.
    alternative_name.publicsuffixlist = _SharedSuffixLists
    certificate_type = {
        LintSet.CABF_DV: CertificateType.DV_FINAL_CERTIFICATE,
        LintSet.CABF_OV: CertificateType.OV_FINAL_CERTIFICATE,
        LintSet.OCSP_RESPONDER: CertificateType.OCSP_RESPONDER,
    }[lint_set]
    container = certificate.create_pkix_certificate_validator_container(
        serverauth.create_decoding_validators(), serverauth.create_validators(certificate_type)
    )
    return container, serverauth.create_serverauth_finding_filters(certificate_type)


_SMIME_LEVELS: Final = {
    LintSet.CABF_SMIME_MAILBOX: "MAILBOX",
    LintSet.CABF_SMIME_ORGANIZATION: "ORGANIZATION",
    LintSet.CABF_SMIME_SPONSORED: "SPONSORED",
    LintSet.CABF_SMIME_INDIVIDUAL: "INDIVIDUAL",
}
"""The validation level of each S/MIME set, as pkilint names it."""


def _smime(level: str) -> tuple[Any, list[Any]]:
    """Return the CA/Browser Forum S/MIME validators of a validation level, multipurpose generation."""
    from pkilint.cabf import smime
    from pkilint.cabf.smime.smime_constants import Generation, ValidationLevel
    from pkilint.pkix import certificate

    container = certificate.create_pkix_certificate_validator_container(
        smime.create_decoding_validators(),
        smime.create_subscriber_validators(ValidationLevel[level], Generation.MULTIPURPOSE),
    )
    return container, []


def _pkix() -> tuple[Any, list[Any]]:
    """Return the validators of RFC 5280 alone."""
    from pkilint.pkix import certificate, extension, name

    container = certificate.create_pkix_certificate_validator_container(
        certificate.create_decoding_validators(name.ATTRIBUTE_TYPE_MAPPINGS, extension.EXTENSION_MAPPINGS),
        [
            certificate.create_issuer_validator_container([]),
            certificate.create_validity_validator_container(),
            certificate.create_subject_validator_container([]),
            certificate.create_extensions_validator_container([]),
            certificate.create_spki_validator_container([]),
        ],
    )
    return container, []
