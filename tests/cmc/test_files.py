"""CMC in files (RFC 10003 section 4): names, encodings, and what scripts learn from the command."""

import base64
import json
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
from asn1crypto import cms
from cryptography.hazmat.primitives.serialization import pkcs12

from tests.cmc.messages import openssl, pki_data, signed
from tests.cmc.office import control, integer, new_key, nonce, octets, request
from tests.gateway.command import Done, trivium

PASSWORD = "a password of sixteen"


@dataclass(frozen=True)
class Desk:
    """An installation, and the files of a client of it."""

    installation: Path
    folder: Path
    secret: str

    def message(self, *names: str, more: bool = True) -> bytes:
        """Return a signed message that orders a certificate; with ``more``, its answer is a full one."""
        content = pki_data(request(*names, key=new_key()), controls=(nonce(),) if more else ())
        return signed(content, self.folder / "client.pem", self.folder / "client.key")

    def process(self, name: str, message: bytes, answer: str, *options: str) -> Done:
        """Run the command on a message in a file of this name."""
        (self.folder / name).write_bytes(message)
        arguments = (str(self.folder / name), str(self.folder / answer))
        return trivium(self.installation, "cmc", "process", *arguments, *options)

    def read(self, name: str) -> cms.SignedData:
        """Return an answer."""
        return cms.ContentInfo.load((self.folder / name).read_bytes())["content"]


@pytest.fixture
def desk(template: Path, tmp_path: Path) -> Desk:
    """Register a client by the command."""
    installation = tmp_path / "ca"
    shutil.copytree(template, installation)
    (tmp_path / "password").write_text(PASSWORD)
    p12 = ("--p12", str(tmp_path / "client.p12"), "--password-file", str(tmp_path / "password"))
    done = trivium(installation, "cmc-client", "add", "desk", *p12, "--secret", "--json")
    assert done.returncode == 0, done.stderr
    assert pkcs12.load_key_and_certificates((tmp_path / "client.p12").read_bytes(), PASSWORD.encode())[0]
    for part, name in (("-nokeys", "client.pem"), ("-nocerts", "client.key")):
        openssl(
            "pkcs12", "-in", p12[1], "-passin", f"pass:{PASSWORD}", "-noenc", "-clcerts", part, "-out", tmp_path / name
        )
    return Desk(installation, tmp_path, json.loads(done.stdout)["secret"])


def test_files_come_in_every_encoding_and_answers_have_their_name(desk: Desk) -> None:
    """A message on a stick could not be answered, or the answer would be taken for something else."""
    pem = b"-----BEGIN CMC-----\n" + base64.encodebytes(desk.message("c.example.com")) + b"-----END CMC-----\n"
    for number, message in enumerate(
        (desk.message("a.example.com"), base64.b64encode(desk.message("b.example.com")), pem)
    ):
        done = desk.process(f"{number}.crq", message, f"{number}.crp")
        assert (done.returncode, done.stderr) == (0, "")
        assert "part 1: success" in done.stdout
        assert len(desk.read(f"{number}.crp")["signer_infos"]) == 1
    done = desk.process("simple.crq", desk.message("d.example.com", more=False), "simple")
    assert done.returncode == 0
    assert not len(desk.read("simple.p7c")["signer_infos"])
    done = desk.process("full.CRQ", desk.message("e.example.com"), "full")
    assert done.returncode == 0
    assert (desk.folder / "full.crp").exists()


def test_wrong_names_are_told(desk: Desk) -> None:
    """RFC 10003 section 4: a message that nobody expected would be used up, and its answer be lost."""
    message = desk.message("a.example.com")
    for name, answer in (("in.txt", "out.crp"), ("in", "out.crp"), ("in.crp", "out.crp"), ("in.crq", "out.pem")):
        done = desk.process(name, message, answer)
        assert (done.returncode, (desk.folder / answer).exists()) == (1, False)
        assert ".crq" in done.stderr or ".crp" in done.stderr
    done = desk.process("in.crq", message, "out.p7c")
    assert done.returncode == 0, "the message was good, and not used up before"
    assert "name such a file .crp" in done.stderr
    assert len(desk.read("out.p7c")["signer_infos"]) == 1
    assert trivium(desk.installation, "cmc", "process", str(desk.folder / "none.crq"), "x.crp").returncode == 1
    assert desk.process("big.crq", b"0" * 200_000, "big.crp").returncode == 1
    message = desk.message("b.example.com")
    assert desk.process("in.crq", message, "no/such/folder.crp").returncode == 1
    assert desk.process("in.crq", message, "out.crp").returncode == 0


def test_the_exit_code_says_what_became_of_it(desk: Desk) -> None:
    """A script would go on with a certificate that it has not got."""
    again = desk.message("a.example.com")
    assert desk.process("in.crq", again, "out.crp").returncode == 0
    done = desk.process("in.crq", again, "out.crp")
    assert done.returncode == 3
    assert "replay" in done.stdout
    assert desk.process("in.crq", desk.message("*.example.com"), "out.crp").returncode == 3
    two = desk.message("b.example.com") + desk.message("c.example.com")
    assert desk.process("in.crq", two, "out.crp").returncode == 3, "one message in a file"
    catalogue = desk.installation / "catalogue.toml"
    catalogue.write_text(catalogue.read_text().replace("ra_vouches = true", "ra_vouches = false"))
    assert trivium(desk.installation, "apply").returncode == 0
    done = desk.process("in.crq", desk.message("d.example.com"), "out.crp")
    assert done.returncode == 4
    assert "part 1: pending" in done.stdout


def test_nobody_is_believed_for_having_a_request(desk: Desk) -> None:
    """RFC 10002 section 3.1: a bare request says nothing about who sent it, wherever it lies."""
    key = new_key()
    bare = request("a.example.com", key=key)
    for options in ((), ("--account", "desk")):
        done = desk.process("in.p10", bare, "out.crp", *options)
        assert done.returncode == 3
        assert "failed" in done.stdout
    with_secret = request("a.example.com", key=key, attributes=(("1.2.840.113549.1.9.7", desk.secret.encode()),))
    done = desk.process("in.p10", with_secret, "out", "--account", "desk", "--product", "tls", "--validity", "90d")
    assert done.returncode == 0, done.stdout
    assert len(desk.read("out.p7c")["certificates"]) == 2
    own = openssl(
        "req", "-new", "-key", desk.folder / "client.key", "-subj", "/", "-addext", "subjectAltName=DNS:b.example.com"
    )
    done = desk.process("own.p10", own, "own")
    assert done.returncode == 0, done.stdout


def test_a_message_that_asks_for_nothing_is_done(desk: Desk) -> None:
    """A status without a request would be taken for a failure."""
    content = pki_data(controls=(control(5, integer(1)), control(4, octets(b"x"))))
    message = signed(content, desk.folder / "client.pem", desk.folder / "client.key")
    assert desk.process("in.crq", message, "out.crp").returncode == 0
