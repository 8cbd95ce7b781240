"""One module a client: how it is told to do what the scenarios ask. ``CLIENTS`` lists them in the table's order."""

from conformance.acme.client import Client
from conformance.acme.clients.acme_client import AcmeClient
from conformance.acme.clients.acme_library import AcmeLibrary
from conformance.acme.clients.acme_tiny import AcmeTiny
from conformance.acme.clients.acmesharp import AcmeSharp, AcmeSharpPost
from conformance.acme.clients.acmetool import Acmetool
from conformance.acme.clients.caddy import Caddy
from conformance.acme.clients.certbot import Certbot, DebianCertbot
from conformance.acme.clients.dehydrated import Dehydrated
from conformance.acme.clients.lego import Lego
from conformance.acme.clients.mod_md import ModMd
from conformance.acme.clients.uacme import Uacme

CLIENTS: tuple[type[Client], ...] = (
    Certbot,
    DebianCertbot,
    Lego,
    Dehydrated,
    Uacme,
    AcmeTiny,
    Acmetool,
    ModMd,
    Caddy,
    AcmeLibrary,
    AcmeClient,
    AcmeSharp,
    AcmeSharpPost,
)
