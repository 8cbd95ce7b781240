"""pkilint's validators for CRLs and OCSP answers, built as its command line builds them."""

import functools
from typing import Any

from pkilint import loader, pkix, report, validation
from pkilint.cabf import cabf_crl
from pkilint.pkix import crl, extension, name, ocsp

_DECODERS = (
    pkix.create_attribute_decoder(name.ATTRIBUTE_TYPE_MAPPINGS),
    pkix.create_extension_decoder(extension.EXTENSION_MAPPINGS),
)


@functools.cache
def _crl_validator(kind: crl.CertificateRevocationListType) -> Any:
    return crl.create_pkix_crl_validator_container(
        list(_DECODERS),
        [
            crl.create_issuer_validator_container([]),
            crl.create_validity_validator_container([cabf_crl.create_validity_period_validator(kind)]),
            crl.create_extensions_validator_container([]),
            cabf_crl.CabfCrlReasonCodeAllowlistValidator(kind),
        ],
    )


@functools.cache
def _ocsp_validator() -> Any:
    return ocsp.create_pkix_ocsp_response_validator_container([ocsp.create_response_decoder(), *_DECODERS], [])


def crl_findings(der: bytes, *, root: bool = False) -> list[str]:
    """Return pkilint's findings of severity WARNING or worse on a CRL, by the BR profile."""
    kind = crl.CertificateRevocationListType.ARL if root else crl.CertificateRevocationListType.CRL
    document = loader.RFC5280CertificateListDocumentLoader().load_der_document(der, "crl")
    return _findings(_crl_validator(kind).validate(document.root))


def ocsp_findings(der: bytes) -> list[str]:
    """Return pkilint's findings of severity WARNING or worse on an OCSPResponse."""
    document = loader.RFC6960OCSPResponseDocumentLoader().load_der_document(der, "ocsp")
    return _findings(_ocsp_validator().validate(document.root))


def _findings(results: Any) -> list[str]:
    # Severity is FATAL=0 < ERROR=1 < WARNING=2: worse is smaller.
    worst = validation.ValidationFindingSeverity.WARNING
    count = report.get_findings_count(results, worst)
    found = [
        f"{described.finding.severity.name} {described.finding.code}: {described.message}"
        for result in results
        for described in result.finding_descriptions
        if described.finding.severity <= worst
    ]
    assert count == len(found)
    return found
