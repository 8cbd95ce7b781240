"""The URLs of the ACME front end, and what stands behind each."""

from collections.abc import Sequence
from http import HTTPStatus

from starlette.routing import Route

from ca_core.access.accounts import binding_required
from ca_core.core import Core
from gateway.acme import accounts, authorizations, certificates, orders, renewal_info, revocation
from gateway.acme.auth import ByAccount, by_account, by_account_or_key, by_key, require_post_as_get
from gateway.acme.directory import Directory
from gateway.acme.front_end import FrontEnd, Reply
from gateway.acme.nonces import Nonces
from gateway.acme.path_router import PathRouter
from gateway.acme.plain_get import plain_get
from gateway.acme.resource import Action, Resource, unknown_url


def build_app(core: Core, directories: Sequence[Directory], nonces: Nonces) -> PathRouter:
    """Return the ASGI application of these directories: the bare router, since each resource answers its own errors.

    URLs under none of them are answered in the name of the first.
    """
    elsewhere = unknown_url(FrontEnd(core=core, directory=directories[0], nonces=nonces))
    table = [route for directory in directories for route in routes(core, directory, nonces)]
    return PathRouter([*table, Route("/{path:path}", elsewhere)])


def routes(core: Core, directory: Directory, nonces: Nonces) -> list[Route]:
    """Return the routes of one directory, its base path included; those of several can stand in one application.

    The last one answers every other URL under the base path.
    """
    front_end = FrontEnd(core=core, directory=directory, nonces=nonces)
    base = directory.base_path
    certificate = Resource(front_end, post=_CERTIFICATE, plain_get=plain_get(certificates.certificate))
    table = {
        "/new-nonce": Resource(front_end, get=_NEW_NONCE, post=_READ_NONCE),
        "/new-order": Resource(front_end, post=_NEW_ORDER),
        "/new-authz": Resource(front_end, post=_NEW_AUTHZ),
        "/authorization/{id}": Resource(
            front_end, post=_AUTHORIZATION, plain_get=plain_get(authorizations.authorization)
        ),
        "/challenge/{id}": Resource(front_end, post=_CHALLENGE, plain_get=plain_get(authorizations.challenge)),
        "/order/{id}": Resource(front_end, post=_ORDER, plain_get=plain_get(orders.order)),
        "/order/{id}/finalize": Resource(front_end, post=_FINALIZE),
        "/certificate/{id}": certificate,
        "/certificate/{id}/{chain}": certificate,
        "/new-account": Resource(front_end, post=_NEW_ACCOUNT),
        "/account/{id}": Resource(front_end, post=_ACCOUNT),
        "/account/{id}/orders": Resource(front_end, post=_ORDERS),
        "/key-change": Resource(front_end, post=_KEY_CHANGE),
        "/revoke-cert": Resource(front_end, post=_REVOKE_CERT),
        "/renewal-info/{certificate}": Resource(front_end, read=renewal_info.renewal_info),
    }
    document = Resource(front_end, read=_document, post=_READ_DIRECTORY)
    return [
        *(Route(base + path, resource) for path, resource in table.items()),
        Route(f"{base}/directory", document),
        Route(base, document),
        Route(f"{base}/{{path:path}}", unknown_url(front_end)),
    ]


async def _document(front_end: FrontEnd, _: object) -> Reply:
    """Answer with the directory object (RFC 8555 section 7.1.1), as the Client's settings and products are now."""
    core, directory = front_end.core, front_end.directory
    required = await binding_required(core, directory.enrolment)
    profiles = await orders.profiles(core, directory)
    return Reply(body=directory.document(binding_required=required, profiles=profiles))


async def _read_directory(front_end: FrontEnd, request: ByAccount) -> Reply:
    """Answer a POST-as-GET of the directory, which MUST be allowed beside the GET (RFC 8555 section 6.3)."""
    require_post_as_get(request)
    return await _document(front_end, request)


async def _read_nonce(_: FrontEnd, request: ByAccount) -> Reply:
    """Answer a POST-as-GET of newNonce, as section 6.3 wants it."""
    require_post_as_get(request)
    return _NEW_NONCE["GET"]


# RFC 8555 section 7.2: HEAD answers 200, GET 204. The nonce itself is in every answer.
_NEW_NONCE = {"HEAD": Reply(status=HTTPStatus.OK), "GET": Reply(status=HTTPStatus.NO_CONTENT)}

_READ_DIRECTORY = Action(name="directory.read", authenticate=by_account, perform=_read_directory)
_READ_NONCE = Action(name="nonce.read", authenticate=by_account, perform=_read_nonce)
_NEW_ACCOUNT = Action(name="account.register", authenticate=by_key, perform=accounts.new_account)
_ACCOUNT = Action(name="account.update", authenticate=by_account, perform=accounts.account)
_KEY_CHANGE = Action(name="account.change-key", authenticate=by_account, perform=accounts.key_change)
_ORDERS = Action(name="order.list", authenticate=by_account, perform=orders.orders)
_NEW_ORDER = Action(name="order.place", authenticate=by_account, perform=orders.new_order)
_ORDER = Action(name="order.read", authenticate=by_account, perform=orders.order)
_FINALIZE = Action(name="order.submit", authenticate=by_account, perform=orders.finalize)
_NEW_AUTHZ = Action(name="authorization.create", authenticate=by_account, perform=authorizations.new_authz)
_AUTHORIZATION = Action(name="authorization.read", authenticate=by_account, perform=authorizations.authorization)
_CHALLENGE = Action(name="challenge.respond", authenticate=by_account, perform=authorizations.challenge)
_CERTIFICATE = Action(name="certificate.read", authenticate=by_account, perform=certificates.certificate)
_REVOKE_CERT = Action(name="certificate.revoke", authenticate=by_account_or_key, perform=revocation.revoke_cert)
