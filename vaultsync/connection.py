"""Try a source's token at its service, for the commands that set one up or look for trouble."""

from __future__ import annotations

import os
from contextlib import closing
from typing import Any

from vaultsync.errors import ConfigError
from vaultsync.hookspecs import SourcePlugin
from vaultsync.host.fenced import Fenced
from vaultsync.host.plugins import Host
from vaultsync.http import Http


def plugin_named(source: str, host: Host | None = None) -> SourcePlugin:
    """Find the plugin that brings `source`. Raises ConfigError."""
    sources = (host or Host.load(os.environ)).sources()
    if source not in sources:
        names = ", ".join(sources) or "none"
        raise ConfigError(f'There is no source "{source}". Nothing was done.', hint=f"Installed: {names}.")
    return sources[source]


def address(settings: Any) -> str:
    """Where a source is asked, by its settings; "" if that is no matter of HTTP."""
    return str(getattr(settings, "base_url", ""))


def check_token(plugin: SourcePlugin, settings: Any, token: str) -> None:
    """Ask the service whether it takes the token. Raises SourceError."""
    with closing(Http(plugin.name, address(settings), token or None)) as http:
        Fenced(plugin.name, lambda: plugin.make(settings, http)).check_token()
