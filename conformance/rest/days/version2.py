"""A day's work of an integrator with version 2: an operation a method, in the client's spelling.

    python -m conformance.rest.days.version2 ARGUMENTS

The package ``ra_api`` is the generated client; :mod:`conformance.rest.days.steps` has the arguments.
"""

import re
from collections.abc import Callable
from datetime import UTC, datetime

import ra_api
from ra_api.models import (
    AdditionalRecipient,
    CertificateOrder,
    Client,
    ClientDNS,
    IssueRequest,
    Product,
    RevocationRequest,
    SearchCertificateOrder,
)

from conformance.rest.days.steps import Desk, operation, refused, require

UNKNOWN = "ord-00000000-0000-7000-8000-000000000000"


class Day:
    """What the integrator has got so far."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.domain, self.csr, self.other_csr = desk.domain, desk.csr, desk.other_csr
        self.api = ra_api.RAAPIApi(desk.api)
        self.client: Client
        self.product: Product
        self.registered: ClientDNS
        self.order: CertificateOrder
        self.recipient = AdditionalRecipient(email="ops@example.com", recipientType="RENEWAL", language="EN")

    def jwt(self) -> None:
        """Get a token; a wrong key gets none."""
        _refused(401, lambda: self.api.jwt(self.desk.user, "0" * 64))
        token = self.api.jwt(self.desk.user, self.desk.key)
        require(re.fullmatch(r"[\w-]+\.[\w-]+\.[\w-]+", token), "a JWT has two dots")
        _refused(401, self.api.search_clients)
        self.desk.configuration.access_token = token

    def search_clients(self) -> None:
        """Find the Client, and the product that a CSR is enough for."""
        [self.client] = self.api.search_clients(search="*")
        self.product = next(one for one in self.client.products or () if one.key_generation_type == "PKCS10")
        require(self.api.search_clients(search="no such Client") == [], "a search that nothing matches finds nothing")

    def search_paged_clients(self) -> None:
        """Page through the Clients."""
        page = self.api.search_paged_clients(length=1000, start=0)
        require((page.records_total, len(page.data)) == (1, 1), "there is one Client")
        beyond = self.api.search_paged_clients(start=50)
        require((beyond.records_total, beyond.data) == (1, []), "a page past the end is empty, its totals are right")

    def get_client(self) -> None:
        """Read the Client."""
        require(self.api.get_client(self.client.uuid) == self.client, "a Client is the same in a list and alone")

    def create_client_prevalidated_domains(self) -> None:
        """Register a domain."""
        [self.registered] = self.api.create_client_prevalidated_domains(self.client.uuid, [self.domain])
        require(not self.registered.validated, "a new domain is not validated")

    def get_client_prevalidated_domains(self) -> None:
        """List the domains."""
        listed = self.api.get_client_prevalidated_domains(self.client.uuid)
        require(self.registered.uuid in [one.uuid for one in listed], "the list has the domain")

    def get_client_prevalidated_domain(self) -> None:
        """Read the domain."""
        found = self.api.get_client_prevalidated_domain(self.registered.uuid)
        require(found.random_value == self.registered.random_value, "the random value is the one of the registration")

    def reset_client_prevalidated_domain(self) -> None:
        """Ask for another random value."""
        before = self.registered.random_value
        self.registered = self.api.reset_client_prevalidated_domain(self.registered.uuid)
        require(self.registered.random_value not in {None, before}, "the random value is a new one")

    def validate_client_prevalidated_domain(self) -> None:
        """Put the random value into the DNS and have it looked for."""
        before = self.api.validate_client_prevalidated_domain(self.registered.uuid)
        require(not before.validated, "without the record nothing is validated")
        self.desk.set_txt(self.registered.random_value)
        found = self.api.validate_client_prevalidated_domain(self.registered.uuid)
        require(found.validated, f"the domain is validated: {found.validation_result}")
        require(found.status == "VALID", "its status says so")

    def validate_issue_request(self) -> None:
        """Have an order looked at before it is placed."""
        self.api.validate_issue_request(self._request())
        broken = IssueRequest(productReference=self.product.uuid, csr="no CSR")
        _refused(400, lambda: self.api.validate_issue_request(broken))

    def issue_certificate_v22(self) -> None:
        """Order a certificate and wait for it."""
        self.order = self.api.issue_certificate_v22(self._request())
        require(self.order.status == "ISSUED", f"the order is {self.order.status}")
        require(self.order.tags == ["first"], "the order has its tag")
        require(self.order.certificate is not None, "it has a certificate")
        require(len(self.order.certificate_chain or ()) > 1, "the chain is there")

    def issue_certificate(self) -> None:
        """Order a certificate by a CSR alone."""
        placed = self.api.issue_certificate(self.product.uuid, self.other_csr)
        require(re.fullmatch(r"ord-[0-9a-f-]{36}", placed.uuid), "the order has a reference")

    def get_certificate_order_status(self) -> None:
        """Read the state of the order."""
        status = self.api.get_certificate_order_status(self.order.uuid)
        require(status == "ISSUED", f"the state is {status}")
        _refused(404, lambda: self.api.get_certificate_order_status(UNKNOWN))

    def get_certificate_order(self) -> None:
        """Read the order."""
        found = self.api.get_certificate_order(self.order.uuid)
        require(found.certificate == self.order.certificate, "the certificate is the one of the answer")
        require(found.created_on.tzinfo is not None, "times have a zone")

    def get_certificate_chain(self) -> None:
        """Read the chain, leaf first."""
        chain = self.api.get_certificate_chain(self.order.uuid)
        assert self.order.certificate is not None  # noqa: S101 - checked when it was issued
        require(chain[0] == self.order.certificate.certificate, "the leaf is first")
        require(all(re.fullmatch(r"[A-Za-z0-9+/]+=*", one) for one in chain), "each is base64 without line breaks")

    def get_certificate_order_tasks(self) -> None:
        """Look at the jobs of the order."""
        require(self.api.get_certificate_order_tasks(self.order.uuid), "an issued order had jobs")

    def replace_certificate_order_tags(self) -> None:
        """Replace the tags."""
        changed = self.api.replace_certificate_order_tags(self.order.uuid, ["second", "third"])
        require(sorted(changed.tags or ()) == ["second", "third"], f"the tags are {changed.tags}")

    def get_certificate_orders(self) -> None:
        """Find the order by its serial number, its name, its tag."""
        assert self.order.certificate is not None  # noqa: S101 - checked when it was issued
        serial = self.order.certificate.serial
        for wanted in (
            SearchCertificateOrder(serialNumber=f"00{serial.lower()}"),
            SearchCertificateOrder(attribute=f"*{self.domain[2:]}", tags=["second"]),
            SearchCertificateOrder(orderStatus=["ISSUED"], orderReference=self.order.uuid),
        ):
            found = self.api.get_certificate_orders(wanted)
            require([one.uuid for one in found] == [self.order.uuid], f"{wanted} finds the order: {found}")
        later = SearchCertificateOrder(startAfter=datetime(2099, 1, 1, tzinfo=UTC))
        require(self.api.get_certificate_orders(later) == [], "nothing was ordered in the future")

    def search_paged_certificate_orders(self) -> None:
        """Page through the orders."""
        mine = SearchCertificateOrder(clientReferences=[self.client.uuid])
        page = self.api.search_paged_certificate_orders(mine, length=1, start=0)
        require(len(page.data) == 1, "a page of one has one")
        require(page.records_filtered >= 1, "the totals count them all")
        beyond = self.api.search_paged_certificate_orders(mine, length=10, start=1_000_000)
        require(beyond.data == [], "a page past the end is empty")
        require(beyond.records_filtered == page.records_filtered, "and its totals are the same")

    def add_certificate_order_additional_recipients(self) -> None:
        """Let somebody else be written to."""
        found = self.api.add_certificate_order_additional_recipients(self.order.uuid, [self.recipient])
        require(self.recipient in found, "the recipient is there")

    def list_certificate_order_additional_recipients(self) -> None:
        """List who is written to."""
        found = self.api.list_certificate_order_additional_recipients(self.order.uuid)
        require(self.recipient in found, "the recipient is listed")

    def delete_certificate_order_additional_recipients(self) -> None:
        """Let him be written to no more."""
        found = self.api.delete_certificate_order_additional_recipients(self.order.uuid, [self.recipient])
        require(self.recipient not in found, "the recipient is gone")

    def publish_certificate(self) -> None:
        """Publish; a product that does not publish refuses."""
        self._publication(self.api.publish_certificate)

    def unpublish_certificate(self) -> None:
        """Take back what was published."""
        self._publication(self.api.unpublish_certificate)

    def revoke_certificates(self) -> None:
        """Revoke the certificate by its issuer and serial number."""
        certificate = self.order.certificate
        assert certificate is not None  # noqa: S101 - checked when it was issued
        wanted = RevocationRequest(
            serialNumber=certificate.serial,
            issuerName=certificate.issuer,
            revocationReason="SUPERSEDED",
            revocationRequestor="Alice",
        )
        self.api.revoke_certificates([wanted])
        revoked = self.api.get_certificate_order(self.order.uuid)
        require(revoked.status == "REVOKED", f"the order is {revoked.status}")
        status = revoked.certificate.revocation_status if revoked.certificate else None
        require(status is not None and status.reason == "SUPERSEDED", "the reason is said")

    def delete_client_prevalidated_domain_token(self) -> None:
        """Take the random value of the domain back."""
        found = self.api.delete_client_prevalidated_domain_token(self.registered.uuid)
        require(found.random_value is None, "the random value is gone")

    def delete_client_prevalidated_domain(self) -> None:
        """Give the domain up."""
        self.api.delete_client_prevalidated_domain(self.registered.uuid)
        _refused(404, lambda: self.api.get_client_prevalidated_domain(self.registered.uuid))

    def _request(self) -> IssueRequest:
        return IssueRequest(
            productReference=self.product.uuid,
            csr=self.csr,
            tags=["first"],
            note="A day's work.",
            synchrone=True,
            includeCertificateChain=True,
        )

    def _publication(self, operation: Callable[[str], None]) -> None:
        if self.product.publish_certificate:
            operation(self.order.uuid)
        else:
            _refused(400, lambda: operation(self.order.uuid))


def _refused(status: int, ask: Callable[[], object]) -> None:
    """Require that the server refuses, with an APIError."""
    require(refused(status, ask).error_messages, "a refusal is an APIError with a sentence")


def main() -> None:
    """Do the day's work; what failed is said, and what does not need it is done all the same."""
    day = Day(Desk())
    for name, step in vars(Day).items():
        if not name.startswith("_"):
            first, *others = name.split("_")
            with operation(first + "".join(word.capitalize() for word in others)):
                step(day)


if __name__ == "__main__":
    main()
