"""Programs in Java that stay and answer one line to each line: started once, since a JVM takes a second."""

import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from conformance.cmc.client import Client
from conformance.cmc.model import (
    CertificateId,
    Control,
    CrlId,
    Crmf,
    Der,
    Message,
    Number,
    Octets,
    OtherRequest,
    Pkcs10,
    PopWitness,
    Request,
    Revocation,
    Text,
    Witness,
)
from conformance.processes import ProgramError

_SOURCES = Path(__file__).parents[1] / "java"
_JARS = Path("/usr/share/java")


class JavaProgram:
    """A running program; ``ask`` raises ProgramError with what it says is wrong."""

    def __init__(self, process: subprocess.Popen[str], log: Path) -> None:
        self._process = process
        self._log = log

    @classmethod
    @contextmanager
    def running(cls, source: str, jars: Sequence[str], log: Path, *arguments: str | Path) -> Iterator[Self]:
        """Compile and run a source file with Debian's jars while the block runs."""
        classes = ":".join(str(_JARS / jar) for jar in jars)
        options = ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-Djava.library.path=/usr/lib/jss"]
        command = ["java", *options, "-cp", classes, str(_SOURCES / source), *map(str, arguments)]
        with (
            log.open("w") as errors,
            subprocess.Popen(  # noqa: S603 - the program and its arguments are ours
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True, bufsize=1
            ) as process,
        ):
            try:
                yield cls(process, log)
            finally:
                process.kill()

    def ask(self, *words: str | int) -> str:
        """Send one line and return what stands behind the ``ok`` of its answer."""
        assert self._process.stdin is not None  # noqa: S101 - both are pipes
        assert self._process.stdout is not None  # noqa: S101
        self._process.stdin.write(" ".join(map(str, words)) + "\n")
        self._process.stdin.flush()
        verdict, _, said = self._process.stdout.readline().rstrip("\n").partition(" ")
        if verdict != "ok":
            raise ProgramError(f"{words[0]}: {said or self._log.read_text()}")
        return said


class JavaClient(Client):
    """A client whose work a program in Java does."""

    def __init__(self, program: JavaProgram) -> None:
        self.program = program

    def version(self) -> str:
        """The version of the library."""
        return self.program.ask("version")

    def encode(self, message: Message) -> bytes:
        """Encode a PKIData."""
        self.program.ask("message")
        for one in message.controls:
            self.program.ask("control", one.id, one.oid, *_value(one))
        for request in message.requests:
            self.program.ask(*_request(request))
        return bytes.fromhex(self.program.ask("encode"))


def _value(one: Control) -> tuple[str | int, ...]:  # noqa: C901, PLR0911 - one case a kind of value
    match one.value:
        case Octets(value=octets):
            return "octets", octets.hex()
        case Number(value=number):
            return "number", number
        case Text(value=text):
            return "text", text.encode().hex()
        case Witness(value=witness):
            return "witness", witness.hex()
        case Revocation(issuer=issuer, serial=serial, reason=reason, passphrase=None):
            return "revocation", issuer.hex(), serial, reason
        case Revocation(issuer=issuer, serial=serial, reason=reason, passphrase=bytes(passphrase)):
            return "revocation", issuer.hex(), serial, reason, passphrase.hex()
        case CertificateId(issuer=issuer, serial=serial):
            return "certificate", issuer.hex(), serial
        case CrlId(issuer=issuer):
            return "crl", issuer.hex()
        case PopWitness(body_ids=body_ids, pki_data=pki_data):
            return "parts", pki_data, *body_ids
        case Der(value=der):
            return "der", der.hex()
    raise TypeError(one)


def _request(request: Request) -> tuple[str | int, ...]:
    match request:
        case Pkcs10(id=number, der=der):
            return "pkcs10", number, der.hex()
        case Crmf(der=der):
            return "crmf", der.hex()
        case OtherRequest(id=number, oid=oid):
            return "other", number, oid
