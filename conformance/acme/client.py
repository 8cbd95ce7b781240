"""The interface every client has: the scenarios call these methods, a module of ``clients`` implements each.

An object is one user of the program: it has a folder of its own, and knows one server. Methods raise ProgramError with
what the program printed when it fails. A client implements what its ``can`` says; the rest is never called.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from conformance import processes
from conformance.acme.model import AccountKey, Binding, Issued, Method, Offer, Request, Scenario
from conformance.acme.servers import Server

SECONDS = 300


class Client(ABC):
    """A user of one ACME client program, who talks to one server and writes only to ``directory``."""

    name: ClassVar[str]
    can: ClassVar[frozenset[Scenario]]
    needs: ClassVar[frozenset[Offer]] = frozenset()
    """What a server must offer for the client to work at all."""
    usual_method: ClassVar[Method]
    """How control is shown where the scenario leaves it open."""

    def __init__(self, server: Server, directory: Path) -> None:
        self.server = server
        self.directory = directory

    @classmethod
    @abstractmethod
    def version(cls) -> str:
        """The program's version; raises ProgramError or OSError when it is not installed."""

    @abstractmethod
    def obtain(self, request: Request) -> Issued:
        """Obtain a certificate, with an account that is made when there is none yet."""

    @abstractmethod
    def account_key(self) -> AccountKey:
        """The key of the account, from where the client keeps it."""

    def register(self) -> None:
        """Make an account. A client without a command for it registers with its first certificate."""
        self.obtain(
            Request(
                identifiers=(f"{self.name.replace('_', '-')}-registers.conformance.test",), method=self.usual_method
            )
        )

    def bind(self, binding: Binding) -> None:
        """Make an account with an external account binding, at this object's server."""
        raise NotImplementedError

    def renew(self, issued: Issued) -> Issued:
        """Renew a certificate before it is due."""
        raise NotImplementedError

    def renews_on_advice(self, issued: Issued) -> bool:
        """Do what the program does every day about a certificate; whether the server's advice made it renew."""
        raise NotImplementedError

    def change_key(self) -> None:
        """Replace the account's key (RFC 8555 section 7.3.5)."""
        raise NotImplementedError

    def update_contact(self, email: str) -> None:
        """Replace the account's contacts by one address (RFC 8555 section 7.3.2)."""
        raise NotImplementedError

    def revoke(self, issued: Issued) -> None:
        """Revoke a certificate by the account that obtained it (RFC 8555 section 7.6)."""
        raise NotImplementedError

    def revoke_by_key(self, issued: Issued) -> None:
        """Revoke a certificate by its own key."""
        raise NotImplementedError

    def deactivate(self) -> None:
        """Deactivate the account (RFC 8555 section 7.3.6)."""
        raise NotImplementedError

    def run(self, *command: str | Path, env: Mapping[str, str] | None = None) -> str:
        """Run the program in the folder, which is its home too; return what it printed."""
        environment = {"HOME": str(self.directory), **(env or {})}
        return processes.run(command, seconds=SECONDS, env=environment, cwd=self.directory)


def printed(*command: str) -> str:
    """Return what a program prints about itself. Raises ProgramError or OSError when it is not installed."""
    return processes.run(command, seconds=SECONDS)


def package_version(name: str) -> str:
    """Return the version of an installed Debian package, for programs that do not know their own."""
    return printed("dpkg-query", "-W", "-f", "${Version}", name)
