"""Fetch pictures from public web addresses only, never from the local network.

``safehttpx`` (which Gradio brings) pins an address too, but it honours proxies of the environment,
asks a third party where the own resolver fails, lets shared (100.64.0.0/10) and embedded IPv4
addresses through, and has no limit of size. Hence this small backend for ``httpcore``.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterable, Sequence
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any

import httpcore
import httpx

from core.errors import ImageError

Resolve = Callable[[str, int], Sequence[str]]
Allow = Callable[[str], bool]

_MAX_REDIRECTS = 3
_REDIRECTS = {301, 302, 303, 307, 308}
_NAT64 = IPv6Network("64:ff9b::/96")
#: The middle of an ISATAP address (RFC 5214), before the IPv4 address in it.
_ISATAP = (0x0000_5EFE, 0x0200_5EFE)
#: Networks that are not public, also where Python's tables say otherwise.
_NOT_PUBLIC = tuple(
    ip_network(network)
    for network in (
        "168.63.129.16/32",  # Azure's services for the virtual machine that asks
        "192.0.0.0/24",  # protocol assignments; 192.0.0.192 is Oracle's instance metadata
        "192.88.99.0/24",  # 6to4 relays, withdrawn
        "64:ff9b:1::/48",  # translation within a network
        "100:0:0:1::/64",  # dummy addresses
        "2001::/23",  # protocol assignments
        "3fff::/20",  # documentation
        "5f00::/16",  # segment routing within a network
    )
)
_HEADERS = [
    ("User-Agent", "vl-clip-studio"),
    ("Accept", "image/*"),
    ("Accept-Encoding", "identity"),
]


def is_public(address: str) -> bool:
    """Tell whether an IP address is public; IPv6 forms of IPv4 addresses are converted first."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    if isinstance(parsed, IPv6Address):
        embedded = _embedded_ipv4(parsed)
        if embedded is not None:
            return is_public(str(embedded))
        if parsed.is_site_local:
            return False
    if any(parsed in network for network in _NOT_PUBLIC):
        return False
    return parsed.is_global and not parsed.is_multicast and not parsed.is_reserved


def _embedded_ipv4(address: IPv6Address) -> IPv4Address | None:
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    if int(address) >> 32 & 0xFFFFFFFF in _ISATAP:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    teredo = address.teredo
    return address.ipv4_mapped or address.sixtofour or (teredo[1] if teredo else None)


def resolve_host(host: str, port: int) -> Sequence[str]:
    """Resolve a host to all its addresses with the system's resolver."""
    entries = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(entry[4][0]) for entry in entries))


def fetch_public(
    url: str,
    *,
    max_bytes: int,
    timeout: float,
    resolve: Resolve = resolve_host,
    allow: Allow = is_public,
) -> bytes:
    """Get the body of an http(s) address that lies on the public internet.

    The host is resolved once per connection and the connection goes to the very address that was
    checked. Redirects (at most three) are checked in the same way. Proxies, cookies and
    credentials of the environment play no part.

    Args:
        url: The address.
        max_bytes: Largest body that is taken.
        timeout: Seconds for everything together (the system's resolver has its own limit).
        resolve: Returns a host's addresses.
        allow: Returns whether an address may be connected to.

    Raises:
        ImageError: The address is not allowed, does not answer, or answers with too much.
    """
    backend = _PublicBackend(resolve, allow, time.monotonic() + timeout)
    with httpcore.ConnectionPool(network_backend=backend, retries=0) as pool:
        target = _parse(url)
        for _ in range(_MAX_REDIRECTS + 1):
            try:
                answer = _get(pool, target, max_bytes)
            except httpcore.TimeoutException:
                raise ImageError(
                    f"{_host(target)} did not send the picture within {timeout:g} seconds."
                ) from None
            except (httpcore.NetworkError, httpcore.ProtocolError, OSError) as error:
                raise ImageError(f"{_host(target)} can't be reached: {error}.") from None
            if isinstance(answer, bytes):
                return answer
            target = _parse(answer, target)
    raise ImageError(f"{_host(target)} redirects more than {_MAX_REDIRECTS} times.")


def _host(url: httpx.URL) -> str:
    return f"“{url.host[:100]}”"


def _parse(text: str, base: httpx.URL | None = None) -> httpx.URL:
    try:
        url = httpx.URL(text) if base is None else base.join(text)
        host = url.host  # decoded here, because a host name may be wrong in many ways
    except (httpx.InvalidURL, ValueError, TypeError):
        raise ImageError("This is not a valid web address.") from None
    if url.scheme not in ("http", "https") or not host:
        raise ImageError("Only web addresses that begin with http:// or https:// are fetched.")
    if url.userinfo:
        raise ImageError("A web address with a user name or password in it is not fetched.")
    return url


def _get(pool: httpcore.ConnectionPool, url: httpx.URL, max_bytes: int) -> bytes | str:
    """Return the body, or the target of a redirect."""
    request = httpcore.URL(
        scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path
    )
    headers = [("Host", url.netloc.decode("ascii")), *_HEADERS]
    with pool.stream("GET", request, headers=headers) as response:
        received = {name.lower(): value.decode("latin-1") for name, value in response.headers}
        if response.status in _REDIRECTS and b"location" in received:
            return received[b"location"]
        if response.status != 200:
            raise ImageError(f"{_host(url)} answered with status {response.status}.")
        if received.get(b"content-encoding", "identity") != "identity":
            raise ImageError(f"{_host(url)} sent the picture in a compressed form.")
        body = bytearray()
        declared = received.get(b"content-length", "")
        too_large = declared.isdigit() and int(declared) > max_bytes
        if not too_large:
            for chunk in response.iter_stream():
                body += chunk
                if len(body) > max_bytes:
                    too_large = True
                    break
    if too_large:
        raise ImageError(f"{_host(url)} sent more than {max_bytes / 2**20:g} MB.")
    return bytes(body)


class _PublicBackend(httpcore.NetworkBackend):
    """Connects to allowed addresses only, with one deadline for everything."""

    def __init__(self, resolve: Resolve, allow: Allow, deadline: float) -> None:
        self._resolve = resolve
        self._allow = allow
        self._deadline = deadline
        self._sockets = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        try:
            addresses = self._resolve(host, port)
        except (OSError, UnicodeError):
            addresses = ()
        if not addresses:
            raise ImageError(f"“{host[:100]}” is not a host that is known here.")
        if not all(self._allow(address) for address in addresses):
            raise ImageError(
                f"“{host[:100]}” is a private or local address. Only public ones are fetched."
            )
        failure: Exception | None = None
        for address in addresses:
            try:
                stream = self._sockets.connect_tcp(
                    address, port, _left(self._deadline), local_address, socket_options
                )
                return _TimedStream(stream, self._deadline)
            except httpcore.ConnectError as error:
                failure = error
        assert failure is not None  # noqa: S101 (there was at least one address)
        raise failure

    def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[Any] | None = None
    ) -> httpcore.NetworkStream:
        raise ImageError("Only web addresses are fetched.")


class _TimedStream(httpcore.NetworkStream):
    """A stream in which each step may take only the rest of the time."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: float) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _left(self._deadline))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _left(self._deadline))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: Any, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        stream = self._stream.start_tls(ssl_context, server_hostname, _left(self._deadline))
        return _TimedStream(stream, self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _left(deadline: float) -> float:
    left = deadline - time.monotonic()
    if left <= 0:
        raise httpcore.ReadTimeout
    return left
