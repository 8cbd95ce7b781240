"""Certificates of other CAs, as they come in files: every kind of file, and what is none."""

import random
import warnings
from contextlib import suppress

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

from ca_core.certificates.certificate_files import MAX_FILE, certificates_in
from ca_core.certificates.chain import pem_certificate
from ca_core.certificates.external_certificates import check
from ca_core.model.errors import ErrorKind, TriviumError
from tests.certificates.other_authority import foreign
from tests.robustness.mutators import mutated_bytes, mutated_der

ONE, TWO = foreign("one.example.com"), foreign("two.example.com", serial=78)
BUNDLE = pkcs7.serialize_certificates([x509.load_der_x509_certificate(one) for one in (ONE, TWO)], Encoding.DER)
BUNDLE_PEM = pkcs7.serialize_certificates([x509.load_der_x509_certificate(ONE)], Encoding.PEM)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (ONE, [ONE]),
        (pem_certificate(ONE).encode(), [ONE]),
        (f"Bag Attributes\n{pem_certificate(TWO)}\nand\r\n{pem_certificate(ONE)}".encode(), [TWO, ONE]),
        (pem_certificate(ONE).replace("CERTIFICATE", "X509 CERTIFICATE").encode(), [ONE]),
        (BUNDLE_PEM + pem_certificate(TWO).encode(), [ONE, TWO]),
    ],
)
def test_every_kind_of_file_is_read(content: bytes, expected: list[bytes]) -> None:
    """An operator would have to convert what his earlier CA wrote."""
    assert list(certificates_in(content)) == expected


def test_a_bundle_is_read() -> None:
    """A p7b, as Windows exports it, would have to be converted."""
    assert {*certificates_in(BUNDLE)} == {ONE, TWO}


@pytest.mark.parametrize(
    "content",
    [
        BUNDLE[:-20],
        b"-----BEGIN CERTIFICATE-----\n!!!\n-----END CERTIFICATE-----\n",
        b"-----BEGIN PKCS7-----\nMAA=\n-----END PKCS7-----\n",
        b"",
        b"-----BEGIN CERTIFICATE-----\n" * 1000,
        b"x" * (MAX_FILE + 1),
    ],
)
def test_what_is_no_certificate_is_refused(content: bytes) -> None:
    """A damaged file would end the import of all the others, or take a long time."""
    with pytest.raises(TriviumError) as error:
        _read(content)
    assert error.value.kind in {ErrorKind.MALFORMED, ErrorKind.TOO_LARGE}


def test_mutated_certificates_are_read_or_refused() -> None:
    """One strange certificate would be an error of ours instead of a refusal (abuse 71)."""
    chance = random.Random(71)  # noqa: S311 - no secret
    taken = 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the library's, of serials that are not positive, and of long names
        for _ in range(10_000):
            source, mutate = chance.choice((ONE, BUNDLE)), chance.choice((mutated_bytes, mutated_der))
            with suppress(TriviumError):
                _read(mutate(source, chance))
                taken += 1
    assert 100 < taken < 9900


def _read(content: bytes) -> None:
    for der in certificates_in(content):
        check(der)
