"""Bouncy Castle: encodes, signs (in BER, as it likes), and reads every answer of a run."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from conformance.cmc.clients.java import JavaClient, JavaProgram
from conformance.cmc.model import Credential

_JARS = ("bcprov.jar", "bcpkix.jar", "bcutil.jar")


class BouncyCastle(JavaClient):
    """A client on Bouncy Castle."""

    name = "bouncy-castle"

    @classmethod
    @contextmanager
    def running(cls, folder: Path) -> Iterator[Self]:
        """Run the program while the block runs."""
        with JavaProgram.running("BouncyCastleClient.java", _JARS, folder / "bouncy-castle.log") as program:
            yield cls(program)

    def sign(self, content: bytes, credential: Credential) -> bytes:
        """Sign with signingTime and CMSAlgorithmProtection."""
        signed = self.program.ask("sign", str(credential.certificate), str(credential.key), content.hex())
        return bytes.fromhex(signed)

    def read(self, answer: bytes) -> tuple[int, int, list[str]]:
        """Verify and parse a PKI Response (DER): how many certificates, how many CRLs, each status.

        A status is written ``CMCStatus:bodyPartIDs:CMCFailInfo``. Raises ProgramError for what does not parse.
        """
        certificates, crls, *statuses = self.program.ask("read", answer.hex()).split()
        return int(certificates), int(crls), statuses
