"""A directory for tests: OpenLDAP's slapd on loopback over plain LDAP, StartTLS and LDAPS, its data in a directory."""

import base64
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from ca_core.publish.ldap_directory import LdapSettings
from conformance.processes import free_port, is_listened_on, run, running, wait_until

BASE = "dc=example,dc=test"
ADMIN = f"cn=admin,{BASE}"
PASSWORD = "correct horse"
_SLAPD = "/usr/sbin/slapd"
_CONFIGURATION = """
include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile {directory}/pid
TLSCertificateFile {directory}/tls.pem
TLSCertificateKeyFile {directory}/tls.key
TLSCACertificateFile {directory}/tls.pem
database mdb
maxsize 10485760
suffix "{base}"
rootdn "{admin}"
rootpw "{password}"
directory {directory}/data
access to * by * read
"""
_ENTRIES = """
dn: {base}
objectClass: dcObject
objectClass: organization
dc: example
o: Example
"""
_PERSON = """
dn: uid={uid},{base}
objectClass: inetOrgPerson
uid: {uid}
cn: {uid}
sn: {uid}
mail: {mail}
"""


@dataclass(frozen=True)
class Slapd:
    """A running directory."""

    port: int
    tls_port: int
    ca_file: Path

    def settings(self, **changes: object) -> LdapSettings:
        """Return how the gateway reaches it: StartTLS, then the administrator's bind."""
        values = {
            "host": "127.0.0.1",
            "port": self.port,
            "tls": False,
            "start_tls": True,
            "base": BASE,
            "bind_dn": ADMIN,
            "password": PASSWORD,
            "ca_file": str(self.ca_file),
        }
        return LdapSettings(**(values | changes))  # type: ignore[arg-type]

    @property
    def gateway_settings(self) -> tuple[str, ...]:
        """What ``trivium init --set`` is told of it; the password gets a file."""
        password = self.ca_file.with_name("password")
        password.write_text(f"{PASSWORD}\n")
        password.chmod(0o600)
        return (
            f"ldap.url=ldap://127.0.0.1:{self.port}",
            f"ldap.ca_file={self.ca_file}",
            f"ldap.base={BASE}",
            f"ldap.bind_dn={ADMIN}",
            f"ldap.password_file={password}",
        )

    def certificates(self, mail: str) -> list[bytes]:
        """Return the certificates (DER) that a mail program finds for the address; ldapsearch asks."""
        answer = self._found(f"(mail={mail})", "userCertificate;binary")
        lines = [line for line in answer.splitlines() if line.startswith("userCertificate;binary:: ")]
        return [base64.b64decode(line.partition(":: ")[2]) for line in lines]

    def names(self) -> list[str]:
        """Return the lines with the distinguished names of all entries."""
        answer = self._found("(objectClass=*)", "1.1")
        return [line for line in answer.splitlines() if line.startswith("dn:")]

    def _found(self, *arguments: str) -> str:
        url = f"ldap://127.0.0.1:{self.port}"
        return run(["ldapsearch", "-x", "-LLL", "-o", "ldif-wrap=no", "-H", url, "-b", BASE, *arguments], seconds=60)


def prepare(directory: Path, people: dict[str, str]) -> Slapd:
    """Make a directory with these people, uid to e-mail address; it does not run yet."""
    _listener_certificate(directory)
    (directory / "data").mkdir()
    configuration = _CONFIGURATION.format(directory=directory, base=BASE, admin=ADMIN, password=PASSWORD)
    (directory / "slapd.conf").write_text(configuration)
    entries = [_ENTRIES.format(base=BASE)]
    entries += [_PERSON.format(uid=uid, mail=mail, base=BASE) for uid, mail in people.items()]
    (directory / "entries.ldif").write_text("".join(entries))
    subprocess.run(
        [_SLAPD, "-T", "add", "-f", str(directory / "slapd.conf"), "-l", str(directory / "entries.ldif")],
        check=True,
        capture_output=True,
    )
    return Slapd(free_port(), free_port(), directory / "tls.pem")


@contextmanager
def serving(slapd: Slapd) -> Iterator[None]:
    """Run the directory while the block runs."""
    directory = slapd.ca_file.parent
    urls = f"ldap://127.0.0.1:{slapd.port}/ ldaps://127.0.0.1:{slapd.tls_port}/"
    log = directory / "log"
    with running(log, [_SLAPD, "-d", "0", "-f", directory / "slapd.conf", "-h", urls]) as process:
        wait_until(lambda: is_listened_on(slapd.port) and is_listened_on(slapd.tls_port), "slapd", process, log)
        yield


def _listener_certificate(directory: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "directory")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    (directory / "tls.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
    (directory / "tls.key").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))


def certificate_for(*mails: str, common_name: str = "") -> bytes:
    """Return a certificate (DER) for these e-mail addresses, signed by its own key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, common_name)] if common_name else [])
    now = datetime.now(UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "Issuer")]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
    )
    if mails:
        names = x509.SubjectAlternativeName([x509.RFC822Name(mail) for mail in mails])
        builder = builder.add_extension(names, critical=False)
    return builder.sign(key, hashes.SHA256()).public_bytes(Encoding.DER)
