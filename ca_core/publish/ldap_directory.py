"""The directory over LDAP (RFC 4511): ldap3, wrapped, since it blocks, and verifies a server's name in its own way."""

import asyncio
import ssl
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

import ldap3
from ldap3.core import exceptions

from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.publish.directory import Person
from ca_core.publish.ldap_names import MAX_TIMEOUT, escape_dn_value, escape_filter_value, fill, first_rdn
from ca_core.validation.validator import quoted

_THREADS: Final = 16
_NO_ATTRIBUTES: Final = "1.1"
_OBJECT_CLASSES: Final = ("top", "person", "organizationalPerson", "inetOrgPerson")
_PASSING: Final = (
    exceptions.LDAPBusyResult,
    exceptions.LDAPUnavailableResult,
    exceptions.LDAPTimeLimitExceededResult,
    exceptions.LDAPAdminLimitExceededResult,
    exceptions.LDAPInvalidCredentialsResult,
    exceptions.LDAPInsufficientAccessRightsResult,
    exceptions.LDAPConfidentialityRequiredResult,
    exceptions.LDAPStrongerAuthRequiredResult,
)
"""What the directory, or its operator, may think better of; anything else it says is about the entry."""


@dataclass(frozen=True, kw_only=True)
class LdapSettings:
    """Where and how certificates are published.

    ``filter`` finds a person's entry below ``base``; ``new_entry`` is the name, below ``base``, under which an entry
    is made where there is none (empty: none is made). Both are templates (see :mod:`~ca_core.publish.ldap_names`).
    ``tls``: whether ``port`` speaks TLS from the first byte (LDAPS); ``start_tls``: whether it is asked to.
    ``ca_file`` is a PEM file of the CAs to trust in place of the system's. ``timeout`` is in seconds, for connecting
    and for each answer.
    """

    host: str
    port: int
    tls: bool
    start_tls: bool
    base: str
    bind_dn: str = ""
    password: str = field(default="", repr=False)
    ca_file: str = ""
    filter: str = "(mail={mail})"
    new_entry: str = ""
    attribute: str = "userCertificate;binary"
    timeout: int = MAX_TIMEOUT


class LdapDirectory:
    """Implements :class:`ca_core.publish.directory.Directory`; every act has a connection and a thread of its own."""

    def __init__(self, settings: LdapSettings) -> None:
        """Prepare; nothing is connected yet. Raises UNAVAILABLE when the file of CAs cannot be read."""
        self._settings = settings
        self._tls = _Tls(settings.ca_file) if settings.tls or settings.start_tls else None
        self._threads = ThreadPoolExecutor(_THREADS, "ldap")

    def close(self) -> None:
        """Let go of the threads; an act that runs ends by its timeouts."""
        self._threads.shutdown(wait=False)

    async def publish(self, person: Person, certificate: bytes) -> str:
        """Add the certificate to the person's entry, which is made where the settings name it."""
        return await self._in_thread(lambda connection: self._publish(connection, person, certificate))

    async def unpublish(self, person: Person, certificate: bytes) -> str:
        """Take the certificate out of the person's entry."""
        return await self._in_thread(lambda connection: self._unpublish(connection, person, certificate))

    async def _in_thread(self, act: Callable[[Any], str]) -> str:
        return await asyncio.get_running_loop().run_in_executor(self._threads, self._connected, act)

    def _connected(self, act: Callable[[Any], str]) -> str:
        connection = self._connection()
        try:
            connection.open(read_server_info=False)
            if self._settings.start_tls:
                connection.start_tls(read_server_info=False)
            connection.bind(read_server_info=False)
            return act(connection)
        except _PASSING as error:
            raise TriviumError(ErrorKind.UNAVAILABLE, f"The directory refuses: {_said(error)}.") from error
        except exceptions.LDAPOperationResult as error:
            raise TriviumError(ErrorKind.MALFORMED, f"The directory does not take this: {_said(error)}.") from error
        except (exceptions.LDAPExceptionError, OSError) as error:
            where = f"{self._settings.host}:{self._settings.port}"
            raise TriviumError(
                ErrorKind.UNAVAILABLE, f"No connection to the directory at {where}: {_text(str(error))}."
            ) from error
        finally:
            _end(connection)

    def _connection(self) -> Any:
        settings = self._settings
        server = ldap3.Server(
            settings.host,
            port=settings.port,
            use_ssl=settings.tls,
            tls=self._tls,
            get_info=ldap3.NONE,
            connect_timeout=settings.timeout,
        )
        return ldap3.Connection(
            server,
            user=settings.bind_dn or None,
            password=settings.password or None,
            authentication=ldap3.SIMPLE if settings.bind_dn else ldap3.ANONYMOUS,
            auto_bind=ldap3.AUTO_BIND_NONE,
            auto_referrals=False,  # another server would be given the password
            raise_exceptions=True,
            receive_timeout=settings.timeout,
        )

    def _publish(self, connection: Any, person: Person, certificate: bytes) -> str:
        attribute = self._settings.attribute
        dn = self._entry_of(connection, person)
        if dn is None:
            dn = self._new_dn(person)
            with suppress(exceptions.LDAPEntryAlreadyExistsResult):  # made a moment ago, or the filter misses it
                connection.add(dn, list(_OBJECT_CLASSES), self._new_attributes(person) | {attribute: [certificate]})
        with suppress(exceptions.LDAPAttributeOrValueExistsResult):
            connection.modify(dn, {attribute: [(ldap3.MODIFY_ADD, [certificate])]})
        return dn

    def _unpublish(self, connection: Any, person: Person, certificate: bytes) -> str:
        dn = self._entry_of(connection, person)
        if dn is None:
            return ""
        try:
            connection.modify(dn, {self._settings.attribute: [(ldap3.MODIFY_DELETE, [certificate])]})
        except (exceptions.LDAPNoSuchAttributeResult, exceptions.LDAPNoSuchObjectResult):
            return ""
        return dn

    def _entry_of(self, connection: Any, person: Person) -> str | None:
        text = fill(self._settings.filter, person, escape_filter_value)
        try:
            connection.search(self._settings.base, text, attributes=[_NO_ATTRIBUTES], size_limit=2)
        except exceptions.LDAPSizeLimitExceededResult:
            raise self._ambiguous(text) from None
        found = [entry["dn"] for entry in connection.response if entry["type"] == "searchResEntry"]
        if len(found) > 1:
            raise self._ambiguous(text)
        return str(found[0]) if found else None

    def _ambiguous(self, text: str) -> TriviumError:
        return TriviumError(
            ErrorKind.MALFORMED,
            f"More than one entry below {self._settings.base} matches {text}: let `ldap.filter` find one.",
        )

    def _new_dn(self, person: Person) -> str:
        if not self._settings.new_entry:
            raise TriviumError(
                ErrorKind.MALFORMED,
                f"The directory has no entry for {person.mail} below {self._settings.base}: make one, or set "
                "`ldap.new_entry`.",
            )
        return f"{fill(self._settings.new_entry, person, escape_dn_value)},{self._settings.base}"

    def _new_attributes(self, person: Person) -> dict[str, list[Any]]:
        naming, value = first_rdn(self._settings.new_entry)
        surname = person.common_name.split()[-1] if person.common_name.split() else person.mail
        attributes = {"cn": [person.common_name], "sn": [surname], "mail": [person.mail]}
        named = {name.lower() for name in attributes}
        return attributes if naming.lower() in named else attributes | {naming: [fill(value, person)]}


class _Tls(ldap3.Tls):  # type: ignore[misc]
    """TLS whose server name OpenSSL itself verifies, addresses too: ldap3 compares with what Python 3.12 dropped."""

    def __init__(self, ca_file: str) -> None:
        super().__init__(validate=ssl.CERT_REQUIRED)
        try:
            self._context = ssl.create_default_context(cafile=ca_file or None)
        except OSError as error:
            raise TriviumError(
                ErrorKind.UNAVAILABLE, f"The file of `ldap.ca_file`, {ca_file}, holds no certificates to read: {error}."
            ) from error
        self._context.minimum_version = ssl.TLSVersion.TLSv1_2

    def wrap_socket(self, connection: Any, do_handshake: bool = False) -> None:  # noqa: ARG002 - ldap3's signature
        """Shake hands, and take no certificate but one of the server's name."""
        connection.socket = self._context.wrap_socket(connection.socket, server_hostname=connection.server.host)


def _end(connection: Any) -> None:
    """Close the socket, which ldap3 leaves open after some failures."""
    with suppress(exceptions.LDAPExceptionError, OSError):
        connection.unbind()
    if connection.socket is not None:
        connection.socket.close()


def _said(error: Any) -> str:
    return _text(f"{error.description}, {error.message}" if error.message else str(error.description))


def _text(words: str) -> str:
    return quoted(words.encode())
