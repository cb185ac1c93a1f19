"""Try a source's token at its service, for the commands that set one up or look for trouble."""

from __future__ import annotations

from contextlib import closing
from typing import Any

from vaultsync.accounts import Account
from vaultsync.host.fenced import Fenced
from vaultsync.http import Http


def address(settings: Any) -> str:
    """Where a source is asked, by its settings; "" if that is no matter of HTTP."""
    return str(getattr(settings, "base_url", ""))


def check_token(account: Account, settings: Any, token: str) -> None:
    """Ask the service whether it takes the token. Raises SourceError."""
    plugin = account.plugin
    assert plugin is not None, "what no plugin brings is refused before"
    with closing(Http(account.name, address(settings), token or None)) as http:
        Fenced(account, lambda: plugin.make(settings, http)).check_token()
