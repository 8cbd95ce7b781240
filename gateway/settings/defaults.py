"""What ``trivium init`` alone understands, since it only decides what it writes into the first product and Client."""

from typing import Literal

from pydantic import Field

from gateway.settings.values import Section, Switch, Texts


class Acme(Section):
    """What the default product and Client allow over ACME."""

    wildcards: Switch = Field(
        default=False,
        description="Whether the default product takes wildcard names, by dns-01. Off: one key then stands for every "
        "name below a domain, which its owner should decide.",
    )
    plain_get: Switch = Field(
        default=False,
        description="Whether orders, authorizations, challenges and certificates of the default Client answer a plain "
        "GET to whoever knows their URL, for clients such as ACMESharp. Off: RFC 8555 section 6.3 wants a signed POST.",
    )
    require_eab: Switch = Field(
        default=False,
        description="Whether the directory at /acme, of the default Client, demands an external account binding. The "
        "one at /eab always does.",
    )
    caa_identities: Texts = Field(
        default=(),
        description="Issuer domain names, separated by commas, by which CAA records allow this CA (RFC 8659). Empty: "
        "CAA is not checked, for names of a private network seldom have such records.",
    )


class Defaults(Section):
    """What ``trivium init --set`` takes beside the settings; afterwards it stands in ``catalogue.toml``."""

    lint: Literal["error", "off"] = Field(
        default="error",
        description="Whether a pkilint finding stops an order of the default product (rule 11).",
    )
    acme: Acme = Acme()
