"""The control publishCert (RFC 10002 section 6.18). It publishes nothing, and says so: products do, by themselves."""

from typing import Any, Final

from ca_core.certificates.decoding import is_there, reading
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.store import Transaction
from gateway.cmc.asn1_controls import CMCPublicationInfo
from gateway.cmc.errors import CmcStatus
from gateway.cmc.exchange import Exchange
from gateway.cmc.pki_data import Control, OtherRequest

_SHA256: Final = "2.16.840.1.101.3.4.2.1"
_DONT_PUBLISH: Final = 0
_PLEASE_PUBLISH: Final = 1
_MAX_HASHES: Final = 100
_HASH_BYTES: Final = 32
_METHODS: Final = {1: "X.500", 2: "web", 3: "LDAP"}


async def publish_cert(exchange: Exchange, control: Control) -> None:
    """Confirm what is so anyway, for certificates of the client's own Client; a directory by name is not supported.

    Nothing is said about them when a certificate of the same message failed to be issued.
    """
    client_id = exchange.require_requester().cmc_client.client_id
    value = control.value(CMCPublicationInfo, "publishCert")
    with reading("publishCert"):
        algorithm: str = value["hash_alg"]["algorithm"].dotted
        hashes = [one.native for one in value["cert_hashes"]]
        action: int = value["pub_info"]["action"].native
        wanted = _methods(value["pub_info"]["pub_infos"])
    _check(algorithm, hashes, action, wanted)
    _require_all_issued(exchange)

    def require_own(tx: Transaction) -> None:
        for one in hashes:
            certificate = tx.certificates.by_fingerprint(one.hex())
            if certificate is None or certificate.client_id != client_id:
                raise TriviumError(ErrorKind.NOT_FOUND, f"There is no certificate of yours with the hash {one.hex()}.")

    await exchange.core.store.read(require_own)
    named = sorted({_METHODS[method] for method in wanted or () if method in _METHODS})
    if named:
        refusal = TriviumError(
            ErrorKind.MALFORMED,
            f"publishCert brings certificates into no directory here ({', '.join(named)}); leave pubInfos out, and "
            "fetch them with getCert or order a product that publishes by itself.",
        )
        await exchange.refuse(refusal, control.body_part_id, status=CmcStatus.NO_SUPPORT)
        return
    exchange.answer.full = True
    text = "publishCert brings certificates into no directory here; getCert hands them out."
    exchange.answer.succeed(control.body_part_id, text=text)


def _methods(infos: Any) -> list[int] | None:
    return [one["pub_method"].native for one in infos] if is_there(infos) else None


def _check(algorithm: str, hashes: list[bytes], action: int, wanted: list[int] | None) -> None:
    if algorithm != _SHA256:
        raise TriviumError(ErrorKind.BAD_ALGORITHM, "publishCert names certificates by their SHA-256 here.")
    if not 0 < len(hashes) <= _MAX_HASHES or {len(one) for one in hashes} != {_HASH_BYTES}:
        raise TriviumError(ErrorKind.MALFORMED, f"publishCert names 1 to {_MAX_HASHES} certificates, by 32 bytes each.")
    if action not in {_DONT_PUBLISH, _PLEASE_PUBLISH}:
        raise TriviumError(ErrorKind.MALFORMED, "The action of publishCert is dontPublish (0) or pleasePublish (1).")
    if action == _DONT_PUBLISH and wanted is not None:
        raise TriviumError(ErrorKind.MALFORMED, "With dontPublish, pubInfos must not be present (RFC 4211 6.3).")
    if any(method not in {0, *_METHODS} for method in wanted or ()):
        raise TriviumError(ErrorKind.MALFORMED, "A pubMethod is dontCare (0), x500 (1), web (2) or ldap (3).")


def _require_all_issued(exchange: Exchange) -> None:
    requests = {one.body_part_id for one in exchange.data.requests if not isinstance(one, OtherRequest)}
    failed = [
        status
        for status in exchange.answer.statuses
        if status.fail_info is not None and requests & set(status.body_list)
    ]
    if failed:
        raise TriviumError(
            ErrorKind.NOT_READY, "A certificate of this message failed to be issued, so publishCert was not processed."
        )
