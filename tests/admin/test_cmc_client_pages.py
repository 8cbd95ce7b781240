"""The pages of CMC clients: registered with a CSR, changed, disabled and enabled."""

from ca_core.access import cmc_clients
from ca_core.model.cmc_clients import CmcRight
from ca_core.model.products import Road
from ca_core.orders.cmc_expiry import end_of
from tests.access.people import Office
from tests.admin.visitor import Visitor
from tests.orders.workshop import CONSOLE
from tests.rest.shop import Shop, pem_request


async def test_a_cmc_client_from_its_registration_to_its_end(office: Office, shop: Shop, chief: Visitor) -> None:
    """A mail gateway is set up from this page alone: what it shows must be enough, and what it does must count."""
    assert Road.CMC in shop.product.roads
    assert "There is no CMC client" in (await chief.see("/admin/cmc-clients")).text
    form: dict[str, str | list[str]] = {
        "name": "mail",
        "client": office.client_id,
        "product": shop.product.id,
        "right": ["issue", "query"],
        "networks": "192.0.2.0/24 2001:db8::/32",
        "csr": pem_request(common_name="mail"),
    }
    made = await chief.send("/admin/cmc-clients", form)
    assert made.status == 201, made.text
    assert made.text.count("-----BEGIN CERTIFICATE-----") == 2
    assert "https://ra.example.com/cmc" in made.text
    assert "openssl cms -sign" in made.text
    known = await cmc_clients.get(office.core, "mail", CONSOLE)
    assert known.rights == {CmcRight.ISSUE, CmcRight.QUERY}
    assert known.networks == ("192.0.2.0/24", "2001:db8::/32")
    listed = await chief.see("/admin/cmc-clients")
    end = end_of(known)
    assert end is not None
    for text in ("mail", "active", "issue, query", shop.product.name, f"{end:%Y-%m-%d}"):
        assert text in listed.text, text
    assert "allowed" not in listed.text
    page = await chief.see("/admin/cmc-clients/mail")
    assert known.id in page.text
    change: dict[str, str | list[str]] = {"product": shop.product.id, "right": ["issue"], "sha1": "yes"}
    assert (await chief.change("/admin/cmc-clients/mail", change)).location == "/admin/cmc-clients/mail?notice=saved"
    assert (await chief.send("/admin/cmc-clients/mail/disable", {})).status == 303
    known = await cmc_clients.get(office.core, "mail", CONSOLE)
    assert known.rights == {CmcRight.ISSUE}
    assert (known.sha1, known.disabled, known.networks) == (True, True, ())
    listed = await chief.see("/admin/cmc-clients")
    assert ("allowed" in listed.text, "disabled" in listed.text) == (True, True)
    assert (await chief.send("/admin/cmc-clients/mail/enable", {})).status == 303
    assert not (await cmc_clients.get(office.core, "mail", CONSOLE)).disabled


async def test_a_registration_that_is_refused_keeps_what_was_typed(office: Office, shop: Shop, chief: Visitor) -> None:
    """Nobody types a form twice because of one wrong field."""
    form = {"name": "mail", "client": office.client_id, "product": shop.product.id, "right": "issue", "csr": "no CSR"}
    refused = await chief.send("/admin/cmc-clients", form)
    assert refused.status == 400
    assert "neither PEM nor base64" in refused.text
    assert "no CSR" in refused.text
    assert 'value="mail"' in refused.html


async def test_another_client_s_cmc_clients_are_not_there(
    office: Office, shop: Shop, chief: Visitor, bob: Visitor
) -> None:
    """Abuse 46: a name that was overheard must open nothing."""
    form = {"name": "mail", "client": office.client_id, "product": shop.product.id, "right": "issue"}
    made = await chief.send("/admin/cmc-clients", {**form, "csr": pem_request(common_name="mail")})
    assert made.status == 201, made.text
    assert (await bob.see("/admin/cmc-clients/mail")).status == 404
    for act in ("", "/disable", "/enable"):
        assert (await bob.send(f"/admin/cmc-clients/mail{act}", {"right": "issue"})).status == 404
