"""Issuance: what the stages of one run know of an order, beyond the rows they write."""

from dataclasses import dataclass

from ca_core.certificates.csr import ParsedCsr
from ca_core.certificates.lint import LintedTbs
from ca_core.certificates.tbs import Tbs
from ca_core.model.authorizations import Authorization
from ca_core.model.issuers import Issuer
from ca_core.model.products import Product


@dataclass
class Issuance:
    """The working set of a run: loaded once, filled by the stages, made again from the rows after a restart.

    ``csr`` is set when its checks have passed; ``interrupted`` says that an earlier run stopped between the intent
    and the stored certificate, so that a signature may exist.
    """

    product: Product
    issuer: Issuer
    authorizations: tuple[Authorization, ...]
    csr: ParsedCsr | None = None
    tbs: Tbs | None = None
    linted: LintedTbs | None = None
    interrupted: bool = False
