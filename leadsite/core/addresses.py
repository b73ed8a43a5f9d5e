"""Addresses: of clients, and where Django says whose a request is; which addresses are public."""

import ipaddress
from typing import Final

# One customer of a network provider has at least all IPv6 addresses that share these leading bits (RFC 6177).
_IPV6_BITS: Final = 64
# request.META[OWNER]: the id of the business, or of the person with a session, who is answered: see server/turns.py.
OWNER: Final = "leadsite.owner"
# The only public unicast addresses of IPv6 (IANA, "IPv6 Global Unicast Address Assignments"): this excludes loopback,
# link-local, unique local, multicast, IPv4-mapped and NAT64 addresses.
_IPV6_INTERNET: Final = ipaddress.ip_network("2000::/3")
# Not global, though some versions of Python's ipaddress say so: addresses that embed an IPv4 address (Teredo, 6to4 and
# its relays), and those that IANA reserves for protocols and documentation.
_TUNNELS: Final = tuple(ipaddress.ip_network(net) for net in ("2001::/32", "2002::/16", "192.88.99.0/24"))
_RESERVED: Final = tuple(ipaddress.ip_network(net) for net in ("192.0.0.0/24", "3fff::/20"))

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address


def neighbourhood(address: str) -> str:
    """Return what stands for a client's address where addresses are counted: all of IPv4, a network of IPv6."""
    if ":" not in address:
        return address
    try:
        return str(ipaddress.ip_network((address, _IPV6_BITS), strict=False))
    except ValueError:
        return address


def is_public(address: IPAddress) -> bool:
    """Whether the address is a public unicast address of the internet."""
    if not address.is_global or address.is_multicast or address.is_reserved:
        return False
    if address.version == 6 and address not in _IPV6_INTERNET:
        return False
    return not any(address in net for net in (*_TUNNELS, *_RESERVED))
