"""Who sends requests: addresses of clients, and where Django says whose a request is."""

import ipaddress
from typing import Final

# One customer of a network provider has at least all IPv6 addresses that share these leading bits (RFC 6177).
_IPV6_BITS: Final = 64
# request.META[OWNER]: the id of the business, or of the person with a session, who is answered: see server/turns.py.
OWNER: Final = "leadsite.owner"


def neighbourhood(address: str) -> str:
    """Return what stands for a client's address where addresses are counted: all of IPv4, a network of IPv6."""
    if ":" not in address:
        return address
    try:
        return str(ipaddress.ip_network((address, _IPV6_BITS), strict=False))
    except ValueError:
        return address
