"""``trivium import``, as the operator types it."""

import json
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, pkcs7

from ca_core.certificates.chain import pem_certificate
from tests.certificates.other_authority import foreign
from tests.gateway.command import trivium
from tests.gateway.installations import make_installation

DERS = [foreign(f"{number}.example.com", serial=number) for number in range(1, 106)]


@pytest.fixture(scope="module")
def directory(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An installation."""
    return make_installation(tmp_path_factory.mktemp("import") / "ca").installation.directory


def test_certificates_from_files_of_every_kind(directory: Path, tmp_path: Path) -> None:
    """An operator who moves from another CA would have to import each certificate by hand, or not know what failed."""
    folder = tmp_path / "earlier"
    (folder / "deeper").mkdir(parents=True)
    (folder / "one.der").write_bytes(DERS[0])
    (folder / "many.pem").write_text("".join(map(pem_certificate, DERS)))
    (folder / "deeper" / "two.p7b").write_bytes(
        pkcs7.serialize_certificates([x509.load_der_x509_certificate(one) for one in DERS[:2]], Encoding.DER)
    )
    (folder / "notes.txt").write_text("no certificate")
    (folder / "mixed.pem").write_text(pem_certificate(b"0\x03\x02\x01\x01") + pem_certificate(DERS[2]))
    done = trivium(directory, "import", str(folder), str(folder / "nothing.pem"), "--json")
    assert done.returncode == 1, done.stderr
    count = json.loads(done.stdout)
    assert (count["imported"], count["already_there"]) == (len(DERS), 4)
    refused = dict(count["refused"])
    assert {Path(one.partition(",")[0]).name for one in refused} == {"notes.txt", "mixed.pem", "nothing.pem"}
    assert f"{folder / 'mixed.pem'}, certificate 1" in refused
    again = trivium(directory, "import", "--client", "default", str(folder / "one.der"))
    assert (again.returncode, "already there" in again.stdout) == (0, True)


def test_a_client_that_there_is_not(directory: Path, tmp_path: Path) -> None:
    """Certificates would belong to nobody."""
    (tmp_path / "one.der").write_bytes(DERS[0])
    done = trivium(directory, "import", "--client", "nobody", str(tmp_path / "one.der"))
    assert (done.returncode, "no Client nobody" in done.stderr) == (1, True)
