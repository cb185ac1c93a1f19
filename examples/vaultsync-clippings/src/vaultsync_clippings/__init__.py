"""Kindle's My Clippings.txt for vaultsync: a source, a document filter, a template filter, a command, and settings.

An object with methods rather than a module of functions: it remembers its settings.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from vaultsync.hookspecs import SourcePlugin, hookimpl
from vaultsync.model import Document

from vaultsync_clippings.filters import byline, without_overlaps
from vaultsync_clippings.settings import ClippingsSettings, Settings

if TYPE_CHECKING:
    import click
    from vaultsync.hookspecs import Source
    from vaultsync.http import Http


class Clippings:
    """The plugin. Each hook returns what it brings; nothing happens when this is imported."""

    def __init__(self) -> None:
        self.settings = Settings()

    @hookimpl
    def vaultsync_settings(self) -> type[Settings]:
        """What [plugins.clippings] of vaultsync.toml may say."""
        return Settings

    @hookimpl
    def vaultsync_configure(self, settings: Settings) -> None:
        """What it says."""
        self.settings = settings

    @hookimpl
    def vaultsync_sources(self) -> tuple[SourcePlugin, ...]:
        """The source [sources.clippings]. It needs no token."""
        return (SourcePlugin("clippings", ClippingsSettings, "", make),)

    @hookimpl
    def vaultsync_document_filters(self) -> tuple[Callable[[Document], Document], ...]:
        """Leave out what was highlighted again, and longer; if that is what the settings say."""
        return (without_overlaps,) if self.settings.overlapping == "longest" else ()

    @hookimpl
    def vaultsync_template_filters(self) -> Mapping[str, Callable[..., str]]:
        """Put {{ document.author | byline }} into a template."""
        return {"byline": byline}

    @hookimpl
    def vaultsync_commands(self) -> tuple[click.Command, ...]:
        """The command "vaultsync clippings FILE"."""
        from vaultsync_clippings.command import command

        return (command,)


def make(settings: ClippingsSettings, http: Http) -> Source:  # noqa: ARG001  # a file is no matter of HTTP
    """Make the source. What takes a while to import is imported only now."""
    from vaultsync_clippings.source import ClippingsSource

    return ClippingsSource(settings)


plugin = Clippings()
