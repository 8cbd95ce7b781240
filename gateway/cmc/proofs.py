"""Proofs by a shared secret: of identity, and that it belongs to the key (RFC 10002 sections 6.2 and 6.3).

Each is a MAC under a key that is a hash of the secret, with the identification behind it where there is one. The texts
of the RFCs and the clients differ on the latter for the POP link witness, so both are tried there.
"""

import hashlib
import hmac
from collections.abc import Iterable
from typing import Final

from asn1crypto.algos import AlgorithmIdentifier

from ca_core.certificates.decoding import reading
from ca_core.model.errors import ErrorKind, TriviumError
from gateway.cmc import oids
from gateway.cmc.asn1_controls import IdentityProofV2, PopLinkWitnessV2
from gateway.cmc.pki_data import Control, PkiData

_HASHES: Final = {
    "2.16.840.1.101.3.4.2.1": "sha256",
    "2.16.840.1.101.3.4.2.2": "sha384",
    "2.16.840.1.101.3.4.2.3": "sha512",
}
_MACS: Final = {
    "1.2.840.113549.2.9": "sha256",
    "1.2.840.113549.2.10": "sha384",
    "1.2.840.113549.2.11": "sha512",
}
_MIN_RANDOM: Final = 64
"""popLinkRandom has 512 bits at least."""


def check_identity(data: PkiData, identification: str, secret: bytes, *, sha1: bool) -> bool:
    """Check identityProofV2 or, where SHA-1 is permitted, identityProof; return whether SHA-1 is in it.

    The witness is over the bytes of reqSequence as they came, tag and length included. Raises UNAUTHENTICATED,
    BAD_ALGORITHM.
    """
    proof = data.only(oids.IDENTITY_PROOF_V2, "identityProofV2")
    if proof is not None:
        value = proof.value(IdentityProofV2, "identityProofV2")
        with reading("identityProofV2"):
            digest, mac = _named(_HASHES, value["proof_alg_id"]), _named(_MACS, value["mac_alg_id"])
            witness: bytes = value["witness"].native
    else:
        old = data.only(oids.IDENTITY_PROOF, "identityProof")
        if old is None:
            raise _unproved("The message has no identityProofV2")
        _require_sha1(sha1)
        digest = mac = "sha1"
        witness = old.octets("identityProof")
    key = hashlib.new(digest, secret + identification.encode()).digest()
    if not hmac.compare_digest(hmac.digest(key, data.request_sequence, mac), witness):
        raise _unproved("The identity proof does not fit the identification and its secret")
    return digest == "sha1"


def check_pop_link(
    random: bytes | None, attributes: Iterable[Control], identification: str, secret: bytes, *, sha1: bool
) -> bool:
    """Check the POP link witness among the ``attributes`` of one request; return whether SHA-1 is in it.

    ``random`` is the value of popLinkRandom. Raises POP_FAILED, BAD_ALGORITHM.
    """
    if random is None or len(random) < _MIN_RANDOM:
        raise _unlinked(f"popLinkRandom is missing, or shorter than {_MIN_RANDOM} bytes")
    witnesses = [one for one in attributes if one.oid in {oids.POP_LINK_WITNESS, oids.POP_LINK_WITNESS_V2}]
    if len(witnesses) != 1:
        raise _unlinked("a request must have one popLinkWitnessV2")
    [witness] = witnesses
    if witness.oid == oids.POP_LINK_WITNESS:
        _require_sha1(sha1)
        digest = mac = "sha1"
        value = witness.octets("popLinkWitness")
    else:
        decoded = witness.value(PopLinkWitnessV2, "popLinkWitnessV2")
        with reading("popLinkWitnessV2"):
            digest, mac = _named(_HASHES, decoded["key_gen_algorithm"]), _named(_MACS, decoded["mac_algorithm"])
            value = decoded["witness"].native
    alone, named = (
        hmac.compare_digest(hmac.digest(hashlib.new(digest, material).digest(), random, mac), value)
        for material in (secret, secret + identification.encode())
    )
    if not (alone or named):
        raise _unlinked("the POP link witness does not fit")
    return digest == "sha1"


def _named(table: dict[str, str], algorithm: AlgorithmIdentifier) -> str:
    oid = algorithm["algorithm"].dotted
    if oid not in table:
        raise TriviumError(ErrorKind.BAD_ALGORITHM, f"The algorithm {oid} is not taken in a proof; use SHA-256.")
    return table[oid]


def _require_sha1(permitted: bool) -> None:
    if not permitted:
        raise TriviumError(
            ErrorKind.BAD_ALGORITHM, "This proof uses SHA-1, for which the client has no permission; use version 2."
        )


def _unproved(why: str) -> TriviumError:
    return TriviumError(ErrorKind.UNAUTHENTICATED, f"{why}; see RFC 10002 section 6.2.")


def _unlinked(why: str) -> TriviumError:
    return TriviumError(ErrorKind.POP_FAILED, f"Identity and possession are not linked: {why} (RFC 10002 section 6.3).")
