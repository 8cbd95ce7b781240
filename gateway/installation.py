"""An installation: the directory that ``trivium init`` makes, what is where in it, and who may read it."""

import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ca_core.keys.sealing import KeyEncryptionKey
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.sources import Entropy
from gateway import settings_file
from gateway.settings.installation import Settings

KEY_ENCRYPTION_KEY_VARIABLE = "TRIVIUM_KEY_ENCRYPTION_KEY"
ROOT_PASSPHRASE_VARIABLE = "TRIVIUM_ROOT_PASSPHRASE"  # noqa: S105 - the name of a variable
_SQLITE = "sqlite:///"


@dataclass(frozen=True, kw_only=True)
class Installation:
    """The files of an installation."""

    directory: Path
    settings: Settings

    @classmethod
    def open(cls, directory: Path) -> "Installation":
        """Read the settings of an installation and look at its modes.

        Raises NOT_FOUND when there is none, MALFORMED for its settings, FORBIDDEN when others may read a secret: the
        gateway refuses to run then (abuse 77).
        """
        directory = directory.absolute()
        installation = cls(directory=directory, settings=settings_file.load(directory))
        for path in installation.exposed():
            raise TriviumError(ErrorKind.FORBIDDEN, f"Others may read {path}; run `chmod go= {path}`.")
        return installation

    @property
    def settings_file(self) -> Path:
        """The settings."""
        return self.directory / settings_file.FILE_NAME

    @property
    def catalogue_file(self) -> Path:
        """Issuers, Clients and products."""
        return self.directory / "catalogue.toml"

    @property
    def key_encryption_key_file(self) -> Path:
        """The key that opens the gateway's keys."""
        return self.directory / "secrets" / "key-encryption.key"

    @property
    def root_key_file(self) -> Path:
        """The root's private key under its passphrase; it belongs in a safe and may be taken away."""
        return self.directory / "root" / "root.key.pem"

    @property
    def root_certificate_file(self) -> Path:
        """The root certificate, which relying parties trust."""
        return self.directory / "root" / "root.pem"

    @property
    def run_directory(self) -> Path:
        """What exists only while the gateway runs."""
        return self.directory / "run"

    @property
    def endpoints_file(self) -> Path:
        """The URLs of the running gateway; there while it answers."""
        return self.run_directory / "endpoints.json"

    @property
    def database_file(self) -> Path | None:
        """The SQLite database; None when the database is a server."""
        url = self.settings.database.url
        return self.directory / url.removeprefix(_SQLITE) if url.startswith(_SQLITE) else None

    @property
    def pin_file(self) -> Path | None:
        """The PIN of the PKCS#11 token; None when no token is configured."""
        return Path(self.settings.pkcs11.pin_file) if self.settings.pkcs11.pin_file else None

    @property
    def directory_password_file(self) -> Path | None:
        """The password for the directory; None when it takes changes without one."""
        return Path(self.settings.ldap.password_file) if self.settings.ldap.password_file else None

    @property
    def mail_password_file(self) -> Path | None:
        """The password for the mail server; None when it takes mail without one."""
        return Path(self.settings.smtp.password_file) if self.settings.smtp.password_file else None

    @property
    def database_url(self) -> str:
        """The database's URL, with an absolute path for SQLite. It may hold a password: never log it."""
        if self.database_file is not None:
            return f"{_SQLITE}{self.database_file}"
        return self.settings.database.url.replace("postgresql://", "postgresql+psycopg://", 1)

    def key_encryption_key(self, environment: Mapping[str, str], entropy: Entropy) -> KeyEncryptionKey:
        """Read the key from TRIVIUM_KEY_ENCRYPTION_KEY or, when that is not set, from its file; raises UNAVAILABLE."""
        if KEY_ENCRYPTION_KEY_VARIABLE in environment:
            return KeyEncryptionKey.from_environment(environment, KEY_ENCRYPTION_KEY_VARIABLE, entropy)
        return KeyEncryptionKey.from_file(self.key_encryption_key_file, entropy)

    def exposed(self) -> list[Path]:
        """Return the files with secrets that their group or others may read or write."""
        with_secrets = [
            self.settings_file,
            self.key_encryption_key_file,
            self.root_key_file,
            self.database_file,
            self.pin_file,
            self.directory_password_file,
            self.mail_password_file,
        ]
        return [path for path in with_secrets if path is not None and _open_to_others(path)]


def _open_to_others(path: Path) -> bool:
    try:
        return bool(stat.S_IMODE(path.stat().st_mode) & (stat.S_IRWXG | stat.S_IRWXO))
    except FileNotFoundError:
        return False
