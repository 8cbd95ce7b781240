"""Rules 55 and 64: which addresses are reserved."""

from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ca_core.validation import addresses
from ca_core.validation.addresses import is_reserved, special_purpose

RESERVED = """
0.0.0.0 0.1.2.3 10.0.0.1 10.255.255.255 100.64.0.1 100.127.255.255 127.0.0.1 127.255.255.254 169.254.169.254 172.16.0.1
172.31.255.255 192.0.0.1 192.0.0.8 192.0.0.9 192.0.0.170 192.0.2.1 192.31.196.1 192.52.193.1 192.88.99.1 192.168.1.1
192.175.48.1 198.18.0.1 198.19.255.255 198.51.100.1 203.0.113.1 224.0.0.1 239.255.255.255 240.0.0.1 255.255.255.255
:: ::1 ::127.0.0.1 ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:8.8.8.8 ::ffff:0:127.0.0.1 64:ff9b::7f00:1 64:ff9b::808:808
64:ff9b:1::1 100::1 100:0:0:1::1 2001::1 2001:0:7f00:1:: 2001:1::1 2001:2::1 2001:3::1 2001:4:112::1 2001:10::1
2001:20::1 2001:30::1 2001:db8::1 2002:7f00:1:: 2002:808:808::1 2620:4f:8000::1 3fff::1 3fff:fff::1 5f00::1 fc00::1
fd00::1 fdff::1 fe80::1 fe80::1%eth0 fec0::1 ff02::1 2606:4700::1%1
"""
PUBLIC = """
1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255 128.0.0.1 169.253.255.255 172.15.0.1
172.32.0.0 192.0.1.0 192.0.3.0 192.167.255.255 192.169.0.0 198.17.255.255 198.20.0.0 203.0.112.255 223.255.255.255
2001:200::1 2001:4860:4860::8888 2003::1 2606:4700::1111 2620:4f:8001::1 2a00:1450::1 3ffe::1 3fff:1000::1
"""


@pytest.mark.parametrize("text", RESERVED.split())
def test_a_reserved_address_is_known_as_such(text: str) -> None:
    """A validation would connect into a private network, to loopback or to a metadata service (abuse 1)."""
    assert is_reserved(ip_address(text))
    assert "RFC" in (special_purpose(ip_address(text)) or "")


@pytest.mark.parametrize("text", PUBLIC.split())
def test_a_public_address_is_usable(text: str) -> None:
    """A subscriber on an ordinary address, next to a reserved block, could not be validated."""
    assert not is_reserved(ip_address(text))


@given(st.ip_addresses(v=4) | st.ip_addresses(v=6))
def test_whatever_the_standard_library_calls_private_is_reserved(address: IPv4Address | IPv6Address) -> None:
    """A row of the registries would be missing from our table (rule 55); the standard library keeps its own copy."""
    if address.is_private or address.is_multicast or address.is_reserved or address.is_unspecified:
        assert is_reserved(address)


@pytest.mark.parametrize("row", [row for table in (addresses._IPV4, addresses._IPV6) for row in table])
def test_first_and_last_address_of_each_row_are_reserved(row: tuple[str, str]) -> None:
    """A mask would be computed wrongly."""
    network = ip_network(row[0])
    assert is_reserved(network[0])
    assert is_reserved(network[-1])
