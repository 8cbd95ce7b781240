"""addExtensions (RFC 10002 section 6.5.2): extensions that a registration authority adds to requests."""

from ca_core.certificates.decoding import reading
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.orders.modification import Modification
from gateway.cmc.asn1_controls import AddExtensions
from gateway.cmc.exchange import Exchange
from gateway.cmc.nested import require_requests
from gateway.cmc.pki_data import Control


async def add_extensions(exchange: Exchange, control: Control) -> None:
    """Note the extensions; each stands in the place of one of its type that the request asks for itself.

    Raises MALFORMED where this layer adds two different ones of a type to a request, as section 6.5.2 recommends.
    """
    exchange.require_authority("addExtensions")
    value = control.value(AddExtensions, "addExtensions")
    with reading("addExtensions"):
        holder: int = value["pki_data_reference"].native
        numbers = tuple(one.native for one in value["cert_references"])
        extensions = [(one["extn_id"].dotted, one.dump()) for one in value["extensions"]]
    modification = Modification(extensions=dict(extensions))
    paths = await require_requests(exchange, (holder,) if holder else (), numbers)
    for path in paths:
        added = exchange.nesting.added.setdefault(path, {})
        for oid, der in extensions:
            if added.setdefault(oid, der) != der:
                raise TriviumError(ErrorKind.MALFORMED, f"Two different extensions {oid} are added to one request.")
        exchange.nesting.statements.modify(path, modification)
