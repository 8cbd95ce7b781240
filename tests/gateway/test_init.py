"""``trivium init``: all or nothing, quiet about secrets, and usable without a terminal."""

import asyncio
import os
import pty
import stat
import subprocess
from pathlib import Path

import pytest
from cryptography import x509

from ca_core.certificates.lint import Linters
from ca_core.keys.passphrase import decrypt_private_key_pem
from ca_core.keys.signer import KeyAlgorithm
from ca_core.model.certificates import Crl
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.issuers import IssuerKind
from conformance.postgresql import Cluster
from gateway.installation import KEY_ENCRYPTION_KEY_VARIABLE, Installation
from gateway.wiring import opened_core, reading_core
from tests.gateway.command import Done, trivium
from tests.gateway.installations import make_installation, tree
from tests.running_gateway import BIN


def run_init(directory: Path, *arguments: str, environment: dict[str, str] | None = None) -> Done:
    """Run the command as a program does: without a terminal."""
    return trivium(directory, "init", *arguments, environment=environment)


def test_second_init_touches_nothing(tmp_path: Path) -> None:
    """A second init would replace the root: every certificate issued so far would lose its issuer."""
    directory = tmp_path / "ca"
    make_installation(directory)
    before = tree(directory)
    second = run_init(directory)
    assert second.returncode == 1
    assert "nothing was changed" in second.stderr
    assert "Traceback" not in second.stderr
    assert tree(directory) == before
    assert list(tmp_path.iterdir()) == [directory]


def test_empty_directory_is_taken(tmp_path: Path) -> None:
    """Who makes the directory first, with the owner it should have, must be able to use it."""
    directory = tmp_path / "ca"
    directory.mkdir(mode=0o700)
    assert make_installation(directory).installation.root_certificate_file.exists()


@pytest.mark.parametrize(
    ("assignment", "word"),
    [
        ("listen.acmee=127.0.0.1:1", "listen.acme"),
        ("database.url=sqlite:////nonexistent/directory/x.db", "database"),
        ("database.url=postgresql://u:hunter2@127.0.0.1:1/none", "database"),
    ],
)
def test_failed_init_leaves_nothing(tmp_path: Path, assignment: str, word: str) -> None:
    """Half an installation looks like a whole one, and its root key is nobody's: whatever fails must leave nothing."""
    failed = run_init(tmp_path / "ca", "--set", assignment)
    assert failed.returncode == 1
    assert word in failed.stderr
    assert "hunter2" not in failed.stdout + failed.stderr
    assert "Traceback" not in failed.stderr
    assert list(tmp_path.iterdir()) == []


def test_unusable_place_is_one_sentence(tmp_path: Path) -> None:
    """A place where nothing can be made must be named in a sentence, not in a traceback."""
    (tmp_path / "file").write_text("")
    done = run_init(tmp_path / "file" / "ca")
    assert done.returncode == 1
    assert "cannot be made" in done.stderr.replace("\n", " ")


def test_generated_passphrase_is_shown_once_and_kept_nowhere(tmp_path: Path) -> None:
    """Rule 31: without a terminal init must not ask; the passphrase it makes opens the root's key and is in no file."""
    directory = tmp_path / "ca"
    done = run_init(directory)
    assert done.returncode == 0, done.stderr
    line = next(line for line in done.stdout.splitlines() if line.startswith("root_passphrase"))
    passphrase = line.split()[1]
    assert done.stdout.count(passphrase) == 1
    assert passphrase not in done.stderr
    decrypt_private_key_pem((directory / "root" / "root.key.pem").read_bytes(), passphrase)
    assert [name for name, content in tree(directory).items() if passphrase.encode() in content] == []


def test_passphrase_of_the_environment_is_not_shown(tmp_path: Path) -> None:
    """Rule 31: a passphrase that the operator gave must not reappear in what a log keeps."""
    passphrase = "canary-passphrase-1"
    done = run_init(tmp_path / "ca", environment={"TRIVIUM_ROOT_PASSPHRASE": passphrase})
    assert done.returncode == 0, done.stderr
    assert passphrase not in done.stdout + done.stderr
    decrypt_private_key_pem((tmp_path / "ca" / "root" / "root.key.pem").read_bytes(), passphrase)


def test_short_passphrase_is_refused(tmp_path: Path) -> None:
    """Whoever takes the root's key file tries short passphrases first."""
    done = run_init(tmp_path / "ca", environment={"TRIVIUM_ROOT_PASSPHRASE": "short"})
    assert done.returncode == 1
    assert "at least 8 characters" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_terminal_is_asked_for_the_passphrase(tmp_path: Path) -> None:
    """On a terminal the operator chooses the passphrase, unseen, and types it twice."""
    controller, terminal = pty.openpty()
    process = subprocess.Popen(
        [str(BIN / "trivium"), "init", "--dir", str(tmp_path / "ca")],
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        start_new_session=True,
    )
    os.close(terminal)
    shown = b""
    for question in (b"Passphrase of the root", b"The same again"):
        while question not in shown:
            shown += os.read(controller, 1024)
        os.write(controller, b"typed by hand\n")
    try:
        while chunk := os.read(controller, 1024):
            shown += chunk
    except OSError:
        pass  # the terminal's other end is closed: the program has ended
    os.close(controller)
    assert process.wait(30) == 0
    assert b"typed by hand" not in shown
    decrypt_private_key_pem((tmp_path / "ca" / "root" / "root.key.pem").read_bytes(), "typed by hand")


def test_secrets_are_their_owners_alone(tmp_path: Path) -> None:
    """Abuse 77: a key that others can read is not a secret; also when the operator's umask is generous."""
    previous = os.umask(0o000)
    try:
        directory = make_installation(tmp_path / "ca").installation.directory
    finally:
        os.umask(previous)
    modes = {str(path.relative_to(directory)): stat.S_IMODE(path.stat().st_mode) for path in directory.rglob("*")}
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    assert {name: mode for name, mode in modes.items() if mode & 0o077} == {}


@pytest.mark.parametrize("relative", ["trivium.toml", "secrets/key-encryption.key", "root/root.key.pem", "trivium.db"])
def test_exposed_secret_stops_the_program(tmp_path: Path, relative: str) -> None:
    """Abuse 77: the program refuses to start while others can read a secret, and says how to mend it."""
    directory = make_installation(tmp_path / "ca").installation.directory
    (directory / relative).chmod(0o640)
    with pytest.raises(TriviumError) as refused:
        Installation.open(directory)
    assert refused.value.kind is ErrorKind.FORBIDDEN
    assert f"chmod go= {directory / relative}" in refused.value.detail


async def test_key_encryption_key_of_the_environment_is_in_no_file(tmp_path: Path) -> None:
    """An operator who keeps the key elsewhere must find no copy of it, and no key opens without it."""
    environment = {KEY_ENCRYPTION_KEY_VARIABLE: "00" * 31 + "ff"}
    made = await asyncio.to_thread(make_installation, tmp_path / "ca", environment=environment)
    installation = made.installation
    assert not installation.key_encryption_key_file.exists()
    async with opened_core(installation, worker="test", linters=Linters(), environment=environment) as opened:
        issuers = await opened.core.store.read(lambda tx: tx.issuers.all())
        issuing = next(issuer for issuer in issuers if issuer.kind is IssuerKind.ISSUING)
        await opened.core.keys.signer(issuing.key_reference)
    with pytest.raises(TriviumError) as refused:
        async with opened_core(installation, worker="test", linters=Linters(), environment={}):
            pass
    assert refused.value.kind is ErrorKind.UNAVAILABLE


@pytest.mark.parametrize("algorithm", list(KeyAlgorithm))
def test_every_algorithm_makes_a_chain(tmp_path: Path, algorithm: KeyAlgorithm) -> None:
    """An algorithm that init offers must give a root, an issuing CA below it, and a CRL of each."""
    installation = make_installation(tmp_path / "ca", algorithm=algorithm).installation

    async def read() -> dict[IssuerKind, tuple[bytes, bytes]]:
        async with reading_core(installation) as core:
            issuers = await core.store.read(lambda tx: tx.issuers.all())
            crls = await core.store.read(lambda tx: {issuer.id: tx.crls.latest(issuer.id) for issuer in issuers})
            return {issuer.kind: (issuer.certificate, _der(crls[issuer.id])) for issuer in issuers}

    found = asyncio.run(read())
    certificates = {kind: x509.load_der_x509_certificate(der) for kind, (der, _) in found.items()}
    certificates[IssuerKind.ISSUING].verify_directly_issued_by(certificates[IssuerKind.ROOT])
    for kind, (_, crl) in found.items():
        public_key = certificates[kind].public_key()
        assert x509.load_der_x509_crl(crl).is_signature_valid(public_key)  # type: ignore[arg-type]


def _der(crl: Crl | None) -> bytes:
    assert crl is not None
    return crl.der


def test_postgresql_holds_one_installation(tmp_path: Path, postgresql: Cluster) -> None:
    """Two installations in one database would sign with one's keys and publish the other's CRLs."""
    url = postgresql.new_database().replace("postgresql+psycopg://", "postgresql://")
    made = run_init(tmp_path / "ca", "--set", f"database.url={url}")
    assert made.returncode == 0, made.stderr
    assert not (tmp_path / "ca" / "trivium.db").exists()
    assert '"tls"' in trivium(tmp_path / "ca", "product", "list", "--json").stdout
    second = run_init(tmp_path / "other", "--set", f"database.url={url}")
    assert second.returncode == 1
    assert "holds an installation already" in second.stderr.replace("\n", " ")
    assert list(tmp_path.iterdir()) == [tmp_path / "ca"]
