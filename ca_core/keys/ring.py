"""The key ring: from a key reference to its signer, each key opened once a process."""

import asyncio

from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPrivateKeyTypes

from ca_core.keys.pkcs11 import Pkcs11Token
from ca_core.keys.sealing import KeyEncryptionKey
from ca_core.keys.signer import KeyAlgorithm, Signer
from ca_core.keys.software import SoftwareSigner, generate, open_key, seal_key
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.issuers import SealedKey
from ca_core.model.sources import Sources
from ca_core.model.store import Store

SOFTWARE = "software"
PKCS11 = "pkcs11"


class StoredKeyRing:
    """The :class:`~ca_core.keys.signer.KeyRing` over the store's sealed keys and, where there is one, a token.

    What it has found stays: an installation has a handful of keys, and none changes under its reference.
    """

    def __init__(self, store: Store, kek: KeyEncryptionKey, sources: Sources, token: Pkcs11Token | None = None) -> None:
        self._store = store
        self._kek = kek
        self._sources = sources
        self._token = token
        self._software: dict[str, SoftwareSigner] = {}
        self._in_token: dict[str, Signer] = {}

    async def signer(self, key_reference: str) -> Signer:
        """Return the signer of ``software:key-...`` or ``pkcs11:LABEL``; raises UNAVAILABLE."""
        protection, _, name = key_reference.partition(":")
        if protection == SOFTWARE and name:
            return await self.software_signer(name)
        if protection == PKCS11 and name:
            return await self._token_signer(name)
        raise _unavailable(f"The key reference {key_reference!r} is neither software:key-... nor pkcs11:LABEL.")

    async def software_signer(self, key_id: str) -> SoftwareSigner:
        """Return the signer of a sealed key (``key-...``), which also gives the private key; raises UNAVAILABLE."""
        signer = self._software.get(key_id)
        if signer is None:
            sealed = await self._store.read(lambda tx: tx.issuers.key(key_id))
            if sealed is None:
                raise _unavailable(f"The store has no key {key_id}.")
            signer = self._software[key_id] = open_key(sealed, self._kek)
        return signer

    async def new_key(self, algorithm: KeyAlgorithm) -> SealedKey:
        """Make a software key for the gateway's own use, store it sealed, and return its row."""
        key = await asyncio.to_thread(generate, algorithm)
        sealed = seal_key(key, algorithm, kek=self._kek, sources=self._sources)
        await self._store.write(lambda tx: tx.issuers.add_key(sealed))
        return sealed

    async def private_key(self, key_id: str) -> CertificateIssuerPrivateKeyTypes:
        """Return the private key of a sealed key; raises UNAVAILABLE."""
        return (await self.software_signer(key_id)).private_key

    async def _token_signer(self, label: str) -> Signer:
        signer = self._in_token.get(label)
        if signer is None:
            if self._token is None:
                raise _unavailable(f"The key {label} is in a PKCS#11 token, but none is configured.")
            signer = self._in_token[label] = await self._token.signer(label)
        return signer

    def close(self) -> None:
        """Forget the opened keys and close the token."""
        self._software.clear()
        self._in_token.clear()
        if self._token is not None:
            self._token.close()

    def __repr__(self) -> str:
        return "<StoredKeyRing>"


def _unavailable(detail: str) -> TriviumError:
    return TriviumError(ErrorKind.UNAVAILABLE, detail)
