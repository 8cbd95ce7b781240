"""How settings are written, whichever they are, and what is refused of them."""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer

_PORTS = range(1, 65536)


class Section(BaseModel):
    """A table of the settings: no key but those that it has."""

    model_config = ConfigDict(extra="forbid", frozen=True)


@dataclass(frozen=True)
class Endpoint:
    """A host and port, written ``127.0.0.1:8443`` or ``[::1]:8443``."""

    host: str
    port: int

    @classmethod
    def parse(cls, value: object) -> "Endpoint":
        """Read ``host:port``; raises ValueError with a sentence."""
        if isinstance(value, Endpoint):
            return value
        host, _, port = str(value).rpartition(":")
        host = host[1:-1] if host.startswith("[") and host.endswith("]") else host
        if not host or not (port.isascii() and port.isdigit()) or int(port) not in _PORTS:
            raise ValueError(f"write a host and a port from 1 to 65535, such as 127.0.0.1:8443, not {value!r}")
        return cls(host, int(port))

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def _absolute(value: str) -> str:
    if value and not value.startswith("/"):
        raise ValueError(f"write an absolute path, not {value!r}")
    return value


def _endpoint_or_none(value: object) -> object:
    return "" if value == "" else Endpoint.parse(value)


def listed(value: object) -> object:
    """Read a list that may be written as ``a,b`` too."""
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


Listener = Annotated[Endpoint, BeforeValidator(Endpoint.parse), PlainSerializer(str)]
OptionalEndpoint = Annotated[Endpoint | Literal[""], BeforeValidator(_endpoint_or_none), PlainSerializer(str)]
AbsolutePath = Annotated[str, AfterValidator(_absolute)]
Texts = Annotated[tuple[str, ...], BeforeValidator(listed)]
Port = Annotated[int, Field(ge=1, le=65535, strict=True)]
Switch = Annotated[bool, Field(strict=True)]
