"""JSS, the library of Dogtag's clients: it encodes as they do, and signs with keys in an NSS database."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from conformance import processes
from conformance.cmc.clients.java import JavaClient, JavaProgram
from conformance.cmc.model import Credential
from conformance.cmc.openssl import openssl

_JARS = ("jss.jar", "slf4j-api.jar", "commons-lang3.jar")
_SECONDS = 120


class Jss(JavaClient):
    """A client on JSS."""

    name = "jss"

    def __init__(self, program: JavaProgram, nicknames: dict[Path, str]) -> None:
        super().__init__(program)
        self._nicknames = nicknames

    @classmethod
    @contextmanager
    def running(cls, folder: Path, *credentials: Credential) -> Iterator[Self]:
        """Put the credentials into a new NSS database and run the program while the block runs."""
        database = folder / "nss"
        database.mkdir()
        _run("certutil", "-N", "-d", database, "--empty-password")
        nicknames = {}
        for number, credential in enumerate(credentials):
            nicknames[credential.certificate] = nickname = f"signer-{number}"
            _import(database, credential, nickname)
        with JavaProgram.running("JssClient.java", _JARS, folder / "jss.log", database) as program:
            yield cls(program, nicknames)

    def sign(self, content: bytes, credential: Credential) -> bytes:
        """Sign, without a signingTime."""
        signed = self.program.ask("sign", self._nicknames[credential.certificate], content.hex())
        return bytes.fromhex(signed)


def _import(database: Path, credential: Credential, nickname: str) -> None:
    bag, password = database / f"{nickname}.p12", secrets.token_hex(16)
    openssl(
        "pkcs12", "-export", "-in", credential.certificate, "-inkey", credential.key, "-name", nickname, "-out", bag,
        "-passout", f"pass:{password}",
    )  # fmt: skip
    _run("pk12util", "-i", bag, "-d", database, "-W", password)
    bag.unlink()


def _run(*command: str | Path) -> None:
    processes.run(command, seconds=_SECONDS)
