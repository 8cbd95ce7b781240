"""A product that requires DNSSEC (rule 59); tests/validation/test_dnssec.py has the resolver that validates."""

from dataclasses import replace

from tests.acme.acme_client import AcmeClient
from tests.acme.acme_server import AcmeServer, private_product


async def test_a_name_of_an_unsigned_zone_fails_its_challenge(server: AcmeServer, client: AcmeClient) -> None:
    """``require_dnssec`` of a product would not reach the validations of its orders."""
    product = private_product()
    signed = replace(product, version="dnssec", policy=replace(product.policy, require_dnssec=True))
    await server.core.store.write(lambda tx: tx.products.put(signed))
    order = await client.order("a.test")
    authorization = await server.validate(client, order.json["authorizations"][0])
    assert authorization.json["status"] == "invalid"
    error = authorization.json["challenges"][0]["error"]
    assert error["type"].endswith(":dns")
    assert "sign its zone (DNSSEC), which this product requires" in error["detail"]
    assert server.web.requests == 0
