"""The pages of products: what can be ordered, and how each is defined."""

from starlette.types import ASGIApp

from ca_core.model.fields import FieldName, FieldPolicy
from ca_core.model.permissions import Permission
from ca_core.model.users import Role
from ca_core.model.values import replace
from tests.access.people import Office
from tests.admin.visitor import Visitor
from tests.rest.shop import Shop

HOSTILE = "<script>alert(1)</script>\u202e"


async def test_the_list_is_searched_and_filtered(alice: Visitor, bob: Visitor, shop: Shop) -> None:
    """Whoever asks why something cannot be ordered must find the product, and nobody another Client's (rule 45)."""
    path = f"/admin/products/{shop.product.id}"
    assert path in (await alice.see("/admin/products")).links
    assert path in (await alice.see(f"/admin/products?road=rest&text={shop.product.name[:2]}")).links
    assert path not in (await alice.see("/admin/products?road=cmc&text=nothing")).links
    assert "No product matches" in (await alice.see("/admin/products?text=nothing")).text
    assert "There is no product" in (await bob.see("/admin/products")).text
    assert (await alice.see("/admin/products?road=rail")).status == 400


async def test_a_product_shows_its_definition_harmlessly(alice: Visitor, bob: Visitor, shop: Shop) -> None:
    """Whoever orders must see what a product asks for and allows, as it is in force."""
    field = FieldPolicy(name=FieldName.ORGANIZATION_NAME, mandatory=True, default=HOSTILE, pattern="[A-Z].*")
    policy = replace(shop.product.policy, fields=(field,))
    changed = replace(shop.product, version="hostile", description=HOSTILE, policy=policy)
    await shop.core.store.write(lambda tx: tx.products.put(changed))
    path = f"/admin/products/{shop.product.id}"
    page = await alice.see(path)
    for said in ("organizationName", "[A-Z].*", "names.wildcards", "profile.validity", "approval.issuance", "[U+202E]"):
        assert said in page.text, said
    assert "<script>alert" not in page.html
    assert "/admin/catalogue" not in (await alice.see("/admin/products")).links
    assert (await bob.see(path)).status == 404


async def test_who_may_not_see_products_is_refused(admin: ASGIApp, office: Office) -> None:
    """The menu must not lead where one may not go."""
    alone = Role(name="alone", permissions=frozenset({Permission.ORDER_VIEW}))
    await office.core.store.write(lambda tx: tx.roles.put(alone))
    nobody = await Visitor.of(admin, await office.person("nobody", "alone", office.client_id))
    refused = await nobody.see("/admin/products")
    assert (refused.status, "/admin/products" in refused.links) == (403, False)
