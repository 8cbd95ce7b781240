"""The interface of a CMC client: what makes the messages that the rows send."""

from abc import ABC, abstractmethod
from typing import ClassVar

from conformance.cmc.model import Credential, Message


class Client(ABC):
    """A program that encodes a PKIData and signs it. Methods raise ProgramError when it fails."""

    name: ClassVar[str]

    @abstractmethod
    def version(self) -> str:
        """The program's version."""

    @abstractmethod
    def encode(self, message: Message) -> bytes:
        """Encode a PKIData (DER)."""

    @abstractmethod
    def sign(self, content: bytes, credential: Credential) -> bytes:
        """Return a SignedData around the PKIData (DER or BER)."""
