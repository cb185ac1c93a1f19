"""linkding: bookmarks of a server its user runs themselves. Importing this costs little; the work is in source.py."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vaultsync.hookspecs import Source, SourcePlugin, hookimpl
from vaultsync.sources.linkding.settings import LinkdingSettings

if TYPE_CHECKING:
    from vaultsync.http import Http


@hookimpl
def vaultsync_sources() -> tuple[SourcePlugin, ...]:
    """Register the source."""
    return (SourcePlugin(name="linkding", settings=LinkdingSettings, token="LINKDING_TOKEN", make=make),)


def make(settings: LinkdingSettings, http: Http) -> Source:
    """Make the source. What is heavy is imported here, when it is known to be needed."""
    from vaultsync.sources.linkding.source import LinkdingSource

    return LinkdingSource(settings, http)
