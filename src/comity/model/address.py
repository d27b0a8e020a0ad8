"""Decide whether an address may be called on a stranger's word: global unicast alone, however it is written."""

from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final

_OF_ITS_HOST: Final = frozenset({IPv4Address("168.63.129.16")})
"""Global addresses that mean the machine's own host: Azure's virtual public address of its platform (Microsoft Learn,
"What is IP address 168.63.129.16?")."""


def is_public(address: str) -> bool:
    """True for a global unicast address; an IPv4 address inside an IPv6 one (mapped, 6to4, NAT64) is looked at too."""
    try:
        one: IPv4Address | IPv6Address = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(one, IPv6Address):
        inner = one.ipv4_mapped or one.sixtofour or (one.teredo[1] if one.teredo else None)
        if inner is None and one in _NAT64:
            inner = IPv4Address(int(one) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
        if one.is_site_local:  # RFC 3879: deprecated, and still routed inside
            return False
    if one in _OF_ITS_HOST:
        return False
    return one.is_global and not one.is_multicast and not one.is_reserved


class _Nat64:
    def __contains__(self, address: IPv6Address) -> bool:
        return int(address) >> 32 == 0x0064_FF9B << 64


_NAT64 = _Nat64()
