"""Fetch pictures from anywhere on the web: over TLS, without anybody's token, and no more than is wanted.

Beside http.py, which speaks with services, the only module that speaks HTTP. What is fetched comes from strangers: it
is told by its first bytes, whatever its sender calls it, and what could hold a program (SVG) is no picture here.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from urllib.parse import urljoin, urlsplit

import requests
from requests.auth import AuthBase
from urllib3.exceptions import HTTPError

from vaultsync import __version__
from vaultsync.errors import SourceError
from vaultsync.origins import origin
from vaultsync.steps import step

LARGEST = 5_000_000  # bytes
_TIMEOUT = (5.0, 15.0)  # seconds to connect, and between two bytes
_LONGEST = 30.0  # seconds one picture may take
_HOPS = 3
_CHUNK = 64 * 1024  # bytes


class Web:
    """The web, as far as pictures of one source are concerned. home: the source's own address, which may lack TLS."""

    def __init__(self, source: str, home: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._source, self._home, self._clock = source, origin(home) if home else "", clock
        self._session = requests.Session()
        # Set, though it does nothing: requests would else look for a password in ~/.netrc.
        self._session.auth = _Nobody()
        self._session.headers.update(
            {"User-Agent": f"vaultsync/{__version__}", "Accept": "image/png,image/jpeg,image/webp,image/*;q=0.5"}
        )

    def close(self) -> None:
        """Give the connections back."""
        self._session.close()

    def picture(self, url: str) -> tuple[bytes, str]:
        """Fetch a picture, once; return it, and what its name ends with. Raises SourceError, which says why not."""
        try:
            for _hop in range(_HOPS + 1):
                self._refuse_unsafe(url)
                step("web.request")
                with self._session.get(url, timeout=_TIMEOUT, allow_redirects=False, stream=True) as response:
                    target = response.headers.get("Location")
                    if not (300 <= response.status_code < 400 and target):
                        data = self._body(response)
                        return data, self._ending(data)
                url = urljoin(url, target)
        except (requests.RequestException, HTTPError, ValueError) as error:
            raise self._not_had(f"no answer ({type(error).__name__})") from error
        raise self._not_had("it is redirected in circles")

    def _refuse_unsafe(self, url: str) -> None:
        parts = urlsplit(url)
        if parts.username or not parts.hostname or (parts.scheme != "https" and origin(url) != self._home):
            raise self._not_had("its address does not begin with https://")

    def _body(self, response: requests.Response) -> bytes:
        """What a picture holds, as far as it arrives in time and is not too large."""
        if response.status_code != 200:
            raise self._not_had(f"the answer is {response.status_code}")
        kind = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if kind and not kind.startswith("image/") and not kind.endswith("/octet-stream"):
            raise self._not_had(f"it is {kind}")
        data, until = b"", self._clock() + _LONGEST
        while chunk := response.raw.read(_CHUNK, decode_content=True):
            data += chunk
            if len(data) > LARGEST:
                raise self._not_had(f"it is larger than {LARGEST // 10**6} MB")
            if self._clock() > until:
                raise self._not_had("it takes too long")
        return data

    def _ending(self, data: bytes) -> str:
        found = ending(data)
        if not found:
            raise self._not_had("it is no picture of a kind that is kept")
        return found

    def _not_had(self, why: str) -> SourceError:
        return SourceError(why, source=self._source)


class _Nobody(AuthBase):
    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        return request


def ending(data: bytes) -> str:
    r"""What the name of a picture ends with, by its first bytes; "" if it is none, or could hold a program.

    >>> ending(b"\xff\xd8\xff\xe0"), ending(b"RIFF....WEBPVP8 "), ending(b"<svg onload='...'>")
    ('jpg', 'webp', '')
    """
    if data.startswith(b"RIFF"):
        return "webp" if data[8:12] == b"WEBP" else ""
    kinds = {"png": b"\x89PNG\r\n\x1a\n", "jpg": b"\xff\xd8\xff", "gif": b"GIF8"}
    found = next((name for name, first in kinds.items() if data.startswith(first)), "")
    return found or ("avif" if data[4:12] == b"ftypavif" else "")
