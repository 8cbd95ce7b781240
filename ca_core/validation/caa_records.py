"""What a set of CAA records says about one issuance (RFC 8659 section 4, RFC 8657), apart from any look-up."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import dns.exception

from ca_core.model.authorizations import ValidationMethod
from ca_core.validation.validator import quoted

_CRITICAL = 0x80 | 0x01
"""Bit 0 of RFC 8659 section 4.1, and what older zones set for it, counting from the other end (rule 60)."""

_KNOWN = frozenset({"issue", "issuewild", "iodef", "issuemail"})
"""The tags we understand: those of RFC 8659, and RFC 9495's, which says nothing about TLS certificates."""

_WHITE = " \t"
_DOMAIN = re.compile(r"[a-z0-9]+(-+[a-z0-9]+)*(\.[a-z0-9]+(-+[a-z0-9]+)*)*")
_TAG = re.compile(r"[a-z0-9]+(-+[a-z0-9]+)*")
_VALUE = re.compile(r"[!-:<-~]*")
_METHODS = re.compile(r"([A-Za-z0-9-]+(,[A-Za-z0-9-]+)*)?")


@dataclass(frozen=True, kw_only=True)
class Property:
    """One CAA record; ``tag`` is in lower case, ``value`` as it was read."""

    critical: bool
    tag: str
    value: bytes


@dataclass(frozen=True, kw_only=True)
class Applicant:
    """Who wants what: the CA by its issuer domain names, for which account, and how control was shown.

    ``account_uris`` are all URIs of the account, none for a request without one; ``methods`` are the validation
    methods that succeeded.
    """

    identities: tuple[str, ...]
    wildcard: bool
    account_uris: frozenset[str]
    methods: frozenset[ValidationMethod]


@dataclass(frozen=True, kw_only=True)
class _Grant:
    """The value of an issue or issuewild property: an issuer domain name, or none, with the conditions on it."""

    domain: str
    parameters: tuple[tuple[str, str], ...]

    def values(self, name: str) -> list[str]:
        return [value for parameter, value in self.parameters if parameter == name]


def parse_property(rdata: bytes) -> Property:
    """Read a CAA record (RFC 8659 section 4.1); raises FormError when its tag does not fit."""
    if len(rdata) < 2 or not rdata[1] or len(rdata) < 2 + rdata[1]:  # noqa: PLR2004 - flags and length
        raise dns.exception.FormError
    end = 2 + rdata[1]
    return Property(critical=bool(rdata[0] & _CRITICAL), tag=rdata[2:end].decode("latin-1").lower(), value=rdata[end:])


def refusal(properties: Sequence[Property], applicant: Applicant) -> str | None:
    """Return why the records forbid the issuance, as the end of a sentence, or None when they allow it.

    ``properties`` are those of the one domain that governs the name; none allow everything.
    """
    for found in properties:
        if found.critical and found.tag not in _KNOWN:
            return f"the critical property {quoted(found.tag.encode('latin-1'))} is unknown here"
    wild = applicant.wildcard and any(found.tag == "issuewild" for found in properties)
    tag = "issuewild" if wild else "issue"
    grants = [_parse_grant(found.value) for found in properties if found.tag == tag]
    if not grants:
        return None
    ours = [grant for grant in grants if grant is not None and grant.domain in applicant.identities]
    if not ours:
        return f"no {tag} property names {' or '.join(applicant.identities)}"
    reasons = [_condition_not_met(grant, applicant) for grant in ours]
    return None if None in reasons else reasons[0]


def _parse_grant(value: bytes) -> _Grant | None:
    """Parse the value of an issue or issuewild property (RFC 8659 section 4.2); one that is none allows nobody."""
    try:
        domain, _, rest = value.decode("ascii").partition(";")
    except UnicodeDecodeError:
        return None
    domain = domain.strip(_WHITE).lower()
    if domain and not _DOMAIN.fullmatch(domain):
        return None
    parameters: list[tuple[str, str]] = []
    for text in rest.split(";") if rest.strip(_WHITE) else ():
        name, equals, parameter = (part.strip(_WHITE) for part in text.partition("="))
        if not equals or not _TAG.fullmatch(name.lower()) or not _VALUE.fullmatch(parameter):
            return None
        parameters.append((name.lower(), parameter))
    return _Grant(domain=domain, parameters=tuple(parameters))


def _condition_not_met(grant: _Grant, applicant: Applicant) -> str | None:
    """Say which condition of RFC 8657 the applicant does not meet; parameters of other names are not for us.

    A parameter that is there twice cannot be met (sections 3 and 4).
    """
    accounts, methods = grant.values("accounturi"), grant.values("validationmethods")
    if accounts and (len(accounts) > 1 or accounts[0] not in applicant.account_uris):
        return f"its accounturi allows {grant.domain} for another account only"
    if methods and (len(methods) > 1 or not _METHODS.fullmatch(methods[0])):
        return f"its validationmethods for {grant.domain} cannot be read as one list of methods"
    if methods and not applicant.methods & set(methods[0].split(",")):
        return f"its validationmethods allow {grant.domain} for other ways to show control only"
    return None
