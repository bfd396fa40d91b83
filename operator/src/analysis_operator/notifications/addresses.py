"""Which addresses a namespace's sink may be at: only public ones, whatever its name resolves to. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_NAT64 = ip_network("64:ff9b::/96")
_PLATFORM = (ip_network("168.63.129.16/32"),)
"""Public by its number, and Azure's platform for every machine of it."""


def is_allowed(address: str, allowed: Sequence[Network], *, public: bool = True) -> bool:
    """Return whether a connection to this address may be made for a namespace.

    Args:
        address: as in the socket's address: nothing resolves it once more.
        allowed: the networks that the installation allows.
        public: whether every public address is allowed, too.
    """
    found = ip_address(address.partition("%")[0])
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    found = mapped or found
    return _within(found, allowed) or (public and all(_is_public(each) for each in _reached(found)))


def _within(address: Address, networks: Sequence[Network]) -> bool:
    return any(address.version == network.version and address in network for network in networks)


def _reached(address: Address) -> Iterator[Address]:
    """Yield the address, and those that a gateway or a tunnel would take out of it."""
    yield address
    if isinstance(address, IPv6Address):
        if address in _NAT64:
            yield IPv4Address(int(address) & 0xFFFFFFFF)
        if address.sixtofour is not None:
            yield address.sixtofour
        if address.teredo is not None:
            yield from address.teredo


def _is_public(address: Address) -> bool:
    return address.is_global and not address.is_multicast and not _within(address, _PLATFORM)
