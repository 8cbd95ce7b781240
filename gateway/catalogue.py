"""``catalogue.toml``: issuers, Clients, products and roles of an installation, read strictly and written.

The schema is the core's own types, so there is one list of what a policy can say.
"""

import dataclasses
import json
import tomllib
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from pydantic import TypeAdapter, ValidationError

from ca_core.catalogue.changes import IssuerOf
from ca_core.catalogue.entries import Catalogue, IssuerEntry
from ca_core.model.errors import ErrorKind, TriviumError
from ca_core.model.issuers import Issuer
from ca_core.model.sources import Sources
from gateway.catalogue_checks import check
from gateway.settings_file import what_is_wrong
from gateway.toml_lines import TomlLines

_MAX_LINE: Final = 8192
"""Characters of a line: what the parsers cost grows with the square of a dotted key."""

_CATALOGUE = TypeAdapter(Catalogue)


def read(path: Path, now: datetime) -> Catalogue:
    """Read and check the file as of ``now`` (UTC); raises MALFORMED with a sentence that names the key."""
    try:
        return parse(path.read_text("utf-8"), str(path), now)
    except FileNotFoundError:
        raise TriviumError(ErrorKind.NOT_FOUND, f"{path} does not exist; `trivium init` makes it.") from None


def parse(text: str, where: str, now: datetime, *, whole: bool = True) -> Catalogue:
    """Check the text of a catalogue; ``where`` starts the sentence of what is refused. Raises MALFORMED.

    What is not ``whole`` names issuers and Clients that it does not have itself: the store knows them.
    """
    if any(len(line) > _MAX_LINE for line in text.splitlines()):
        raise TriviumError(ErrorKind.MALFORMED, f"{where}: a line has more than {_MAX_LINE} characters; break it.")
    try:
        # Through JSON, in which strict mode takes lists for tuples and strings for enums, but 1 not for true.
        values = json.dumps(tomllib.loads(text), default=str)
    except (ValueError, RecursionError) as error:  # Python's limits of integers raise the former, too
        raise TriviumError(ErrorKind.MALFORMED, f"{where}: this is not TOML: {error}.") from error
    if "\\u0000" in values:
        raise TriviumError(ErrorKind.MALFORMED, f"{where}: it contains a NUL character; leave it out.")
    try:
        catalogue = _CATALOGUE.validate_json(values, strict=True, extra="forbid")
    except ValidationError as error:
        raise TriviumError(ErrorKind.MALFORMED, f"{where}: {what_is_wrong(error, [])}") from error
    sentences = list(check(catalogue, now, TomlLines(text), whole=whole))
    if sentences:
        raise TriviumError(ErrorKind.MALFORMED, f"{where}: {' '.join(sentences)}")
    return catalogue


def toml(catalogue: Catalogue) -> str:
    """Write the catalogue as a file for people to edit."""
    head = (
        "# Issuers, Clients, products and roles. `trivium apply` puts them into the store; an unknown key is refused.\n"
    )
    tables = [
        _table(dataclasses.asdict(item), name, repeated=True)
        for name in ("issuers", "clients", "products", "roles")
        for item in getattr(catalogue, name)
    ]
    return "\n".join([head, *tables])


def issuer_from_files(directory: Path, sources: Sources) -> IssuerOf:
    """Return what makes the issuer of an entry with the certificates in its files below ``directory``."""
    return lambda item: _issuer(item, directory, sources)


def _issuer(item: IssuerEntry, directory: Path, sources: Sources) -> Issuer:
    return Issuer(
        id=item.id,
        name=item.name,
        kind=item.kind,
        certificate=_der(directory / item.certificate),
        chain=tuple(_der(directory / path) for path in item.chain),
        alternate_chains=tuple(tuple(_der(directory / path) for path in one) for one in item.alternate_chains),
        key_reference=item.key,
        crl_url=item.crl_url,
        ocsp_url=item.ocsp_url,
        certificate_url=item.certificate_url,
        created_at=sources.now(),
    )


def _der(path: Path) -> bytes:
    try:
        return x509.load_pem_x509_certificate(path.read_bytes()).public_bytes(Encoding.DER)
    except (OSError, ValueError) as error:
        raise TriviumError(ErrorKind.MALFORMED, f"{path} is not a PEM certificate that can be read.") from error


def _table(values: dict[str, Any], path: str, *, repeated: bool) -> str:
    """Write one table: its values first, then the tables in it."""
    lines = [f"[[{path}]]" if repeated else f"[{path}]"]
    inner: list[str] = []
    for key, value in values.items():
        if isinstance(value, dict):
            inner.append(_table(value, f"{path}.{key}", repeated=False))
        elif isinstance(value, tuple) and value and isinstance(value[0], dict):
            inner += [_table(item, f"{path}.{key}", repeated=True) for item in value]
        elif value is not None:  # what is not set has no line
            # JSON's strings, numbers, booleans and lists are TOML's, save surrogates and DEL.
            text = json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
            lines.append(f"{key} = {text}")
    return "\n".join([*lines, "", *inner])
