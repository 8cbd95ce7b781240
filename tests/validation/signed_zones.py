"""Zones on loopback, signed, broken and unsigned, and unbound, which validates them from a trust anchor of their own.

``test.`` is the trust anchor and delegates ``signed.test.`` and ``bogus.test.`` securely, ``unsigned.test.`` not.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import dns.dnssec
import dns.flags
import dns.message
import dns.name
import dns.node
import dns.rcode
import dns.rdata
import dns.rdatatype
import dns.rrset
import dns.zone
from cryptography.hazmat.primitives.asymmetric import ec
from dns.dnssectypes import DSDigest
from dns.rdatatype import DS, NS, NSEC, RRSIG, SOA

from conformance.processes import free_port
from tests.validation.servers import name_server

_HEAD = """
@ 60 IN SOA ns.test. hostmaster.test. 1 60 60 60 60
@ 60 IN NS ns.test.
"""
_NAMES = """
www 60 IN A 127.0.0.1
_acme-challenge.www 60 IN TXT "{txt}"
caa 60 IN A 127.0.0.1
caa 60 IN CAA 0 issue "ca.example"
"""
_ALIASES = """
in 60 IN CNAME www.signed.test.
out 60 IN CNAME www.unsigned.test.
"""

Key = tuple[ec.EllipticCurvePrivateKey, dns.rdata.Rdata]


class Zones:
    """The zones, and an authoritative answer to a query about them; ``anchor`` is the DS record of ``test.``."""

    def __init__(self, txt: str) -> None:
        """Make and sign them; ``txt`` is the TXT record of every ``_acme-challenge.www``."""
        names = _NAMES.format(txt=txt)
        keys = {zone: _new_key() for zone in ("test.", "signed.test.", "bogus.test.")}
        delegations = "".join(f"{child} 60 IN NS ns.test.\n" for child in ("signed", "bogus", "unsigned"))
        secure = "".join(
            f"{child} 60 IN DS {_ds(f'{child}.test.', keys[f'{child}.test.'])}\n" for child in ("signed", "bogus")
        )
        contents = {
            "test.": f"ns 60 IN A 127.0.0.1\n{delegations}{secure}",
            "signed.test.": names + _ALIASES,
            "bogus.test.": names,
            "unsigned.test.": names,
        }
        self.anchor = f"test. IN DS {_ds('test.', keys['test.'])}"
        self._zones: dict[dns.name.Name, dns.zone.Zone] = {}
        for origin, content in contents.items():
            zone = dns.zone.from_text(_HEAD + content, origin=origin, relativize=False)
            if origin in keys:
                dns.dnssec.sign_zone(zone, keys=[keys[origin]], lifetime=86400)  # type: ignore[list-item]
            self._zones[dns.name.from_text(origin)] = zone
        _break(self._zones[dns.name.from_text("bogus.test.")])

    @property
    def names(self) -> list[str]:
        """The zones' names."""
        return [name.to_text() for name in self._zones]

    def answer(self, packet: bytes) -> list[bytes]:
        """Answer a query as the name server of all zones."""
        query = dns.message.from_wire(packet)
        question = query.question[0]
        name, rdtype = question.name, question.rdtype
        reply = dns.message.make_response(query)
        reply.flags |= dns.flags.AA
        origin = self._origin(name.parent() if rdtype == DS else name)
        if origin is None:
            reply.set_rcode(dns.rcode.REFUSED)
            return [reply.to_wire()]
        zone = self._zones[origin]
        node = zone.get_node(name)
        if node is None:
            reply.set_rcode(dns.rcode.NXDOMAIN)
        found = _with_signatures(name, node, rdtype) or _with_signatures(name, node, dns.rdatatype.CNAME)
        reply.answer += found
        if not found:
            reply.authority += _with_signatures(origin, zone.get_node(origin), SOA)
            for owner, any_node in zone.nodes.items():
                reply.authority += _with_signatures(owner, any_node, NSEC)
        return [reply.to_wire()]

    def _origin(self, name: dns.name.Name) -> dns.name.Name | None:
        above = [origin for origin in self._zones if name.is_subdomain(origin)]
        return max(above, key=len, default=None)


def _new_key() -> Key:
    private = ec.generate_private_key(ec.SECP256R1())
    return private, dns.dnssec.make_dnskey(private.public_key(), "ECDSAP256SHA256", flags=257)


def _ds(name: str, key: Key) -> str:
    return dns.dnssec.make_ds(name, key[1], DSDigest.SHA256).to_text()


def _break(zone: dns.zone.Zone) -> None:
    """Change every answer behind its signature's back, as an attacker on the way would."""
    with zone.writer() as writer:
        for name, rdataset in list(writer.iterate_rdatasets()):
            if rdataset.rdtype not in {RRSIG, NSEC, SOA, NS, dns.rdatatype.DNSKEY}:
                other = {"A": "127.0.0.2", "TXT": '"forged"', "CAA": '0 issue "forged.example"'}[rdataset.rdtype.name]
                writer.replace(name, 60, dns.rdata.from_text("IN", rdataset.rdtype, other))


def _with_signatures(
    name: dns.name.Name, node: dns.node.Node | None, rdtype: dns.rdatatype.RdataType
) -> list[dns.rrset.RRset]:
    if node is None or (records := node.get_rdataset(dns.rdataclass.IN, rdtype)) is None:
        return []
    found = [dns.rrset.from_rdata(name, records.ttl, *records)]
    signatures = node.get_rdataset(dns.rdataclass.IN, RRSIG, rdtype)
    return found if signatures is None else [*found, dns.rrset.from_rdata(name, 60, *signatures)]


_CONFIGURATION = """
server:
    directory: "{directory}"
    username: ""
    chroot: ""
    pidfile: ""
    logfile: ""
    use-syslog: no
    verbosity: 1
    do-daemonize: no
    interface: 127.0.0.1@{port}
    do-ip6: no
    do-not-query-localhost: no
    module-config: "validator iterator"
    trust-anchor: "{anchor}"
    local-zone: "test." nodefault
    qname-minimisation: no
remote-control:
    control-enable: no
"""


@asynccontextmanager
async def validating_resolver(zones: Zones, directory: Path) -> AsyncIterator[str]:
    """Serve the zones, run unbound over them, and yield its host:port."""
    async with name_server(zones.answer, zones.answer) as authority:
        host, port = authority.split(":")
        own_port = free_port()
        stubs = "".join(f'stub-zone:\n    name: "{name}"\n    stub-addr: {host}@{port}\n' for name in zones.names)
        configuration = directory / "unbound.conf"
        text = _CONFIGURATION.format(directory=directory, port=own_port, anchor=zones.anchor)
        configuration.write_text(text + stubs)
        unbound = await asyncio.create_subprocess_exec(
            "unbound", "-d", "-c", str(configuration), stderr=asyncio.subprocess.PIPE
        )
        assert unbound.stderr is not None
        log = b""
        try:
            while b"start of service" not in log:
                line = await unbound.stderr.readline()
                log += line
                assert line, log.decode()
            yield f"127.0.0.1:{own_port}"
        finally:
            unbound.terminate()
            await unbound.communicate()
