"""Readwise and Reader: two services with one token and one library, as one source.

Highlights come from Readwise's v2 export, documents from Reader's v3 list; a Reader document and the Readwise book
whose `external_id` it is are one document. Importing this costs little; the work is in source.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from vaultsync.hookspecs import Source, SourcePlugin, hookimpl
from vaultsync.sources.readwise.settings import ReadwiseSettings

if TYPE_CHECKING:
    from vaultsync.http import Http


@hookimpl
def vaultsync_sources() -> tuple[SourcePlugin, ...]:
    """Register the one source for both services."""
    return (SourcePlugin(name="readwise", settings=ReadwiseSettings, token="READWISE_TOKEN", make=make),)


def make(settings: ReadwiseSettings, http: Http) -> Source:
    """Make the source. What is heavy is imported here, when it is known to be needed."""
    from vaultsync.sources.readwise.source import ReadwiseSource

    return ReadwiseSource(settings, http)
