"""Which addresses each token has been used with, kept outside the vault, under a keyed hash of the token.

A vault is shared and names the address its source is asked at; this keeps a changed one from
collecting tokens.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from vaultsync.errors import ConfigError
from vaultsync.user_config import config_dir, write_secret

# Where the vault of "vaultsync demo" says that its service is: nowhere, but while that command runs.
DEMO_URL = "http://demo.invalid/api"
_PORTS = {"http": 80, "https": 443}


def origin(base_url: str) -> str:
    """Reduce an address to scheme, host and port: what decides who reads what is sent there.

    >>> origin("HTTPS://Readwise.io:443/api"), origin("http://[::1]:8000/")
    ('https://readwise.io', 'http://[::1]:8000')
    """
    parts = urlsplit(base_url)
    host = parts.hostname or ""
    shown = f"[{host}]" if ":" in host else host
    port = "" if parts.port in (None, _PORTS.get(parts.scheme)) else f":{parts.port}"
    return f"{parts.scheme}://{shown}{port}"


def in_the_clear(origin: str) -> bool:
    """Tell whether what is sent there crosses a network unencrypted.

    >>> in_the_clear("http://192.168.1.2:9090"), in_the_clear("http://127.0.0.1:8000"), in_the_clear("https://a.b")
    (True, False, False)
    """
    parts = urlsplit(origin)
    return parts.scheme != "https" and not _is_loopback(parts.hostname or "")


def bind(source: str, token: str, base_url: str, env: Mapping[str, str]) -> None:
    """Remember that the token's owner wants it used with the origin of `base_url`."""
    known = _origins(env)
    used = known["used"].setdefault(source, {}).setdefault(_mark(known, token), [])
    if origin(base_url) not in used:
        used.append(origin(base_url))
        write_secret(_origins_file(env), json.dumps(known, indent=1))


def used_with(source: str, token: str, env: Mapping[str, str]) -> tuple[str, ...]:
    """Name the origins this token has been used with, oldest first."""
    known = _origins(env)
    return tuple(known["used"].get(source, {}).get(_mark(known, token), ()))


def forget(source: str, env: Mapping[str, str]) -> None:
    """Forget every origin a token of `source` was used with."""
    known = _origins(env)
    if known["used"].pop(source, None) is not None:
        write_secret(_origins_file(env), json.dumps(known, indent=1))


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _origins_file(env: Mapping[str, str]) -> Path:
    return config_dir(env) / "origins.json"


def _origins(env: Mapping[str, str]) -> dict[str, Any]:
    """Read {"key": hex, "used": {source: {mark of a token: [origins]}}}."""
    path = _origins_file(env)
    try:
        known = json.loads(path.read_text("utf-8"))
        bytes.fromhex(known["key"])
        for marks in known["used"].values():
            dict(marks)
    except FileNotFoundError:
        import secrets  # only here, and not the lightest

        return {"key": secrets.token_hex(16), "used": {}}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigError(
            f"{path}, which says where tokens may go, can't be read. Nothing was sent.",
            hint='Delete it and run "vaultsync auth SOURCE" for each source.',
        ) from error
    return dict(known)


def _mark(known: Mapping[str, Any], token: str) -> str:
    """Name a token without giving it away."""
    return hmac.new(bytes.fromhex(known["key"]), token.encode(), hashlib.sha256).hexdigest()[:32]
