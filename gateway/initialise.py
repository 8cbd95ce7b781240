"""``trivium init``: makes an installation, all or nothing.

Everything is made in a directory beside the final one, which then takes its name; whatever fails before leaves nothing.
"""

import asyncio
import base64
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes

from ca_core.access.users import MadeUser
from ca_core.audit.log import entry
from ca_core.catalogue.application import apply
from ca_core.catalogue.entries import IssuerEntry
from ca_core.certificates.authority import AuthorityName, make_issuing, make_root
from ca_core.certificates.chain import pem_certificate
from ca_core.certificates.lint import Linters
from ca_core.core import Core
from ca_core.keys.passphrase import encrypt_private_key_pem
from ca_core.keys.sealing import KeyEncryptionKey, write_secret_file
from ca_core.keys.signer import KeyAlgorithm, Signer
from ca_core.keys.software import SoftwareSigner, generate, seal_key
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.issuers import IssuerKind, SealedKey
from ca_core.model.principals import Principal
from ca_core.model.sources import Entropy, Sources
from ca_core.model.store import Transaction
from ca_core.revocation.crl import make_root_crl, publish_crl
from gateway import catalogue, settings_file
from gateway.first_catalogue import first_catalogue
from gateway.installation import KEY_ENCRYPTION_KEY_VARIABLE, Installation
from gateway.settings.defaults import Defaults
from gateway.wiring import opened_core, token
from store.migrate import upgrade

_YEAR: Final = 365 * 86400
ROOT_VALIDITY: Final = 20 * _YEAR
ISSUING_VALIDITY: Final = 10 * _YEAR


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What ``trivium init`` was asked for. ``root_passphrase`` None: generate one."""

    name: str
    algorithm: KeyAlgorithm
    key_in_token: bool
    root_passphrase: str | None
    assignments: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Made:
    """A new installation. ``generated_passphrase`` is to be shown once, and is stored nowhere.

    ``account`` is the service account of the first Client, with its key, which is shown once too.
    """

    installation: Installation
    generated_passphrase: str | None
    account: MadeUser


def initialise(
    directory: Path, wish: Wish, sources: Sources, principal: Principal, environment: Mapping[str, str]
) -> Made:
    """Make an installation in ``directory``, which must not exist or be empty.

    Raises CONFLICT when something is there already, MALFORMED for a wrong setting, and whatever else went wrong; then
    the directory is as it was before.
    """
    directory = directory.absolute()
    _require_free(directory)
    values, settings, defaults = settings_file.parse_assignments(list(wish.assignments))
    passphrase = wish.root_passphrase or _generated_passphrase(sources.entropy)
    with _beside(directory) as building:
        build = _Build(
            installation=Installation(directory=building, settings=settings),
            values=values,
            defaults=defaults,
            wish=wish,
            sources=sources,
            principal=principal,
            environment=environment,
        )
        account = asyncio.run(build.run(passphrase))
        _require_free(directory)
        building.rename(directory)  # replaces an empty directory, and nothing else
    return Made(
        installation=Installation.open(directory),
        generated_passphrase=None if wish.root_passphrase else passphrase,
        account=account,
    )


@contextmanager
def _beside(directory: Path) -> Iterator[Path]:
    """Give a directory beside ``directory``, its owner's alone, gone at the end unless it was renamed; UNAVAILABLE."""
    previous_mask = os.umask(0o077)
    try:
        directory.parent.mkdir(parents=True, exist_ok=True)
        building = Path(tempfile.mkdtemp(prefix=f".{directory.name}.init-", dir=directory.parent))
        try:
            yield building
        finally:
            shutil.rmtree(building, ignore_errors=True)
    except OSError as error:
        raise TriviumError(ErrorKind.UNAVAILABLE, f"{directory} cannot be made: {error.strerror}.") from error
    finally:
        os.umask(previous_mask)


def _require_free(directory: Path) -> None:
    try:
        taken = next(iter(directory.iterdir()), None) is not None
    except FileNotFoundError:
        return
    except NotADirectoryError:
        taken = directory.exists()
    if taken:
        raise TriviumError(
            ErrorKind.CONFLICT, f"There is something in {directory} already; nothing was changed. Name a new directory."
        )


def _generated_passphrase(entropy: Entropy) -> str:
    """Return 120 random bits in groups of four that one can write down."""
    text = base64.b32encode(entropy.token(15)).decode().lower()
    return "-".join(text[start : start + 4] for start in range(0, len(text), 4))


@dataclass(kw_only=True)
class _Build:
    """One installation in the making."""

    installation: Installation
    values: Mapping[str, Any]
    defaults: Defaults
    wish: Wish
    sources: Sources
    principal: Principal
    environment: Mapping[str, str]
    sealed_keys: list[SealedKey] = field(default_factory=list)

    async def run(self, passphrase: str) -> MadeUser:
        """Write the files, then the database, which is the one thing that may be elsewhere."""
        directory = self.installation.directory
        for name in ("secrets", "root", "ca", "run"):
            (directory / name).mkdir(mode=0o700)
        write_secret_file(self.installation.settings_file, settings_file.toml(self.values).encode())
        kek = self._key_encryption_key()
        root_key = generate(self.wish.algorithm)
        write_secret_file(
            self.installation.root_key_file, encrypt_private_key_pem(root_key, passphrase, self.sources.entropy)
        )
        root_id, issuing_id = self.sources.new_id("iss"), self.sources.new_id("iss")
        root_signer = SoftwareSigner(root_key, self.wish.algorithm)
        root_certificate = await make_root(
            root_signer,
            name=AuthorityName(common_name=f"{self.wish.name} Root"),
            validity=ROOT_VALIDITY,
            sources=self.sources,
        )
        self.installation.root_certificate_file.write_text(pem_certificate(root_certificate))
        issuing_signer, key_reference = await self._issuing_key(kek)
        status = self.installation.settings.status_base
        issuing_certificate = await make_issuing(
            root_signer,
            root_certificate,
            public_key=issuing_signer.public_key,
            name=AuthorityName(common_name=f"{self.wish.name} Issuing"),
            validity=ISSUING_VALIDITY,
            root_crl_url=f"{status}/crl/{root_id}.crl",
            root_certificate_url=f"{status}/ca/{root_id}.cer",
            sources=self.sources,
            extended_key_usages=(),  # a private CA: later roads issue for other purposes too
        )
        (directory / "ca" / "issuing.pem").write_text(pem_certificate(issuing_certificate))
        content = first_catalogue(
            issuers=tuple(
                IssuerEntry(
                    id=issuer_id,
                    name=kind,
                    kind=kind,
                    certificate=str(certificate.relative_to(directory)),
                    key=key,
                    crl_url=f"{status}/crl/{issuer_id}.crl",
                    ocsp_url="" if kind is IssuerKind.ROOT else f"{status}/ocsp",
                    certificate_url=f"{status}/ca/{issuer_id}.cer",
                )
                for issuer_id, kind, certificate, key in (
                    (root_id, IssuerKind.ROOT, self.installation.root_certificate_file, ""),
                    (issuing_id, IssuerKind.ISSUING, directory / "ca" / "issuing.pem", key_reference),
                )
            ),
            defaults=self.defaults,
            algorithm=self.wish.algorithm,
        )
        self.installation.catalogue_file.write_text(catalogue.toml(content), "utf-8")
        return await self._fill_database(root_signer, root_certificate, root_id, issuing_id)

    def _key_encryption_key(self) -> KeyEncryptionKey:
        if KEY_ENCRYPTION_KEY_VARIABLE in self.environment:
            return KeyEncryptionKey.from_environment(
                self.environment, KEY_ENCRYPTION_KEY_VARIABLE, self.sources.entropy
            )
        return KeyEncryptionKey.create_file(self.installation.key_encryption_key_file, self.sources.entropy)

    async def _issuing_key(self, kek: KeyEncryptionKey) -> tuple[Signer, str]:
        """Make the issuing key; return its signer and its key reference."""
        algorithm = self.wish.algorithm
        if self.wish.key_in_token:
            in_token = token(self.installation)
            if in_token is None:
                raise TriviumError(
                    ErrorKind.MALFORMED,
                    "--key pkcs11 needs --set pkcs11.module=FILE, pkcs11.token=LABEL and pkcs11.pin_file=FILE.",
                )
            label = self.sources.new_id("key")
            try:
                return await in_token.generate_key(label, algorithm), f"pkcs11:{label}"
            finally:
                in_token.close()
        key: CertificateIssuerPrivateKeyTypes = generate(algorithm)
        sealed = seal_key(key, algorithm, kek=kek, sources=self.sources)
        self.sealed_keys.append(sealed)
        return SoftwareSigner(key, algorithm), f"software:{sealed.id}"

    async def _fill_database(
        self, root_signer: Signer, root_certificate: bytes, root_id: str, issuing_id: str
    ) -> MadeUser:
        upgrade(self.installation.database_url)
        content = catalogue.read(self.installation.catalogue_file, self.sources.now())
        first_root_crl = await make_root_crl(
            root_signer, root_certificate, issuer_id=root_id, number=1, now=self.sources.now()
        )
        created = entry(self.sources, self.principal, "installation.create", issuing_id, name=self.wish.name)

        issuer_of = catalogue.issuer_from_files(self.installation.directory, self.sources)

        def fill(core: Core, tx: Transaction) -> MadeUser:
            if tx.issuers.all():
                raise TriviumError(
                    ErrorKind.CONFLICT, "The database holds an installation already; name an empty one in database.url."
                )
            for sealed in self.sealed_keys:
                tx.issuers.add_key(sealed)
            [account] = apply(core, tx, content, issuer_of, self.principal).accounts
            tx.crls.next_number(root_id)
            tx.crls.publish(first_root_crl)
            tx.audit.append([created])
            return account

        core_of = opened_core(self.installation, worker="init", linters=Linters(), environment=self.environment)
        async with core_of as opened:
            core = replace(opened.core, sources=self.sources)
            account = await core.store.write(partial(fill, core))
            await publish_crl(opened.core, issuing_id)
            return account
