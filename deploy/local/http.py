"""HTTP to what runs on this machine."""

import ssl
from typing import Any

import httpx

# A client without a context of its own reads the world's certificates, 16 ms that every probe for readiness would pay.
_NO_CERTIFICATES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


class Local:
    """Requests from any thread, each on a connection of its own: what answers may be killed between two of them."""

    def request(self, method: str, url: str, *, timeout: float = 30, **options: Any) -> httpx.Response:
        """Send a request and return the answer. `options` are those of `httpx.Client.request`; raises its errors."""
        with httpx.Client(trust_env=False, timeout=timeout, verify=_NO_CERTIFICATES) as client:
            return client.request(method, url, **options)

    def get(self, url: str, *, timeout: float = 30, **options: Any) -> httpx.Response:
        """Send a GET."""
        return self.request("GET", url, timeout=timeout, **options)

    def post(self, url: str, *, timeout: float = 30, **options: Any) -> httpx.Response:
        """Send a POST."""
        return self.request("POST", url, timeout=timeout, **options)


LOCAL = Local()
