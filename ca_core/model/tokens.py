"""What makes a token of the REST API a good one."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class TokenRules:
    """The rules of JSON Web Tokens (RFC 7519). ``lifetime`` and ``skew``, how far clocks may differ, are in seconds.

    ``issuers`` are the values of ``iss`` that count, the first of which stands in the tokens made here: deployed
    clients write all three.
    """

    issuers: tuple[str, ...] = ("SwissPKI", "Swiss PKI", "SwissSign CA")
    audience: str = "REST API"
    lifetime: int = 8 * 3600
    skew: int = 60
