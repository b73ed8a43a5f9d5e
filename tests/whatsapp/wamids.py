"""Message ids as Meta builds them."""

import base64


def wamid(peer: str, token: str, *, outgoing: bool = False) -> str:
    """The id of a message of or to a customer, who is in it by number (digits) or by user id."""
    flags = b"\x15\x02\x00\x11\x18" if outgoing else b"\x15\x14\x00\x12\x18"
    customer, own = peer.encode(), token.encode()
    data = b"\x1c\x18" + bytes([len(customer)]) + customer + flags + bytes([len(own)]) + own + b"\x00"
    return f"wamid.{base64.b64encode(data).decode()}"
