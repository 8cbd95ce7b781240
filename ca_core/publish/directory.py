"""The directory as the core sees it: people, under whom certificates are published and taken back."""

from dataclasses import dataclass
from typing import Protocol

from cryptography import x509
from cryptography.x509.oid import NameOID

from ca_core.model.errors import ErrorKind, TriviumError


@dataclass(frozen=True, kw_only=True)
class Person:
    """Whom the directory knows by an e-mail address; ``common_name`` is the certificate's, or the address."""

    mail: str
    common_name: str


class Directory(Protocol):
    """Where certificates are published."""

    async def publish(self, person: Person, certificate: bytes) -> str:
        """Add the certificate (DER) to the person's entry and return where that is; one that is there already stays.

        Raises UNAVAILABLE when it may work later, MALFORMED when something must be changed first.
        """
        ...

    async def unpublish(self, person: Person, certificate: bytes) -> str:
        """Take the certificate (DER) out of the person's entry and return where that is, or "" when it was nowhere.

        Raises as :meth:`publish`.
        """
        ...


class NoDirectory:
    """The directory of an installation that has none: what is to be published waits until there is one."""

    async def publish(self, person: Person, certificate: bytes) -> str:
        """Refuse."""
        del person, certificate
        raise _none()

    async def unpublish(self, person: Person, certificate: bytes) -> str:
        """Refuse."""
        del person, certificate
        raise _none()


def people(certificate: bytes) -> tuple[Person, ...]:
    """Return whom the certificate (DER) is for: one for each rfc822Name of its subjectAltName (RFC 5280 4.2.1.6).

    Raises MALFORMED when it names no e-mail address: the directory would not know where to put it.
    """
    parsed = x509.load_der_x509_certificate(certificate)
    try:
        names = parsed.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        names = None
    mails = names.get_values_for_type(x509.RFC822Name) if names is not None else []
    if not mails:
        raise TriviumError(
            ErrorKind.MALFORMED,
            "The certificate names no e-mail address, so there is no entry to publish it in: order one for S/MIME.",
        )
    common_names = parsed.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    common_name = str(common_names[0].value) if common_names else ""
    return tuple(Person(mail=mail, common_name=common_name or mail) for mail in dict.fromkeys(mails))


def _none() -> TriviumError:
    return TriviumError(ErrorKind.UNAVAILABLE, "There is no directory to publish in: set `ldap.url`.")
