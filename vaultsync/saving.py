"""Save addresses at a source: each once, what is known to be there already only if that is meant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from msgspec.structs import replace

from vaultsync.errors import AuthError, ConfigError, RateLimited, SourceError, Unreachable
from vaultsync.hookspecs import Save, Saved, Source
from vaultsync.lens.inverse import Unread, service_names
from vaultsync.lookup import by_address, offering
from vaultsync.storage.state import State
from vaultsync.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one address. saved: None if it was not sent; then known or error says why.

    known: the path of its note, or its id, where vaultsync knows the source to have it.
    """

    url: str
    saved: Saved | None = None
    known: str = ""
    error: SourceError | None = None

    @property
    def was_left(self) -> bool:
        """Whether the source has it already, and nothing was sent."""
        return bool(self.known) or (self.saved is not None and self.saved.left)


def checked(urls: Sequence[str]) -> tuple[str, ...]:
    """The addresses, each once, in order. Raises ConfigError, before anything is sent, if one is none."""
    for url in urls:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.netloc or " " in url:
            raise ConfigError(
                f'"{url}" is no address of the web. Nothing was saved.', hint="It reads https://example.org/page."
            )
    return tuple(dict.fromkeys(urls))


def save(workspace: Workspace, source_name: str | None, saves: Sequence[Save]) -> tuple[Outcome, ...]:
    """Save addresses one by one. Raises ConfigError.

    source_name: None for the one that can. A failure that would be every address's stops the rest.
    """
    source = offering(source_name, workspace.sources, "saved", usual=workspace.config.save.source)
    outcomes: list[Outcome] = []
    for one in saves:
        known = "" if one.again else _known(workspace.state, source, one.url)
        if known:
            outcomes.append(Outcome(one.url, known=known))
            continue
        try:
            outcomes.append(Outcome(one.url, source.saved(_spelled(workspace.state, source, one))))
        except SourceError as error:
            outcomes.append(Outcome(one.url, error=error))
            if isinstance(error, AuthError | RateLimited | Unreachable):
                break
    return tuple(outcomes)


def _spelled(state: State, source: Source, save: Save) -> Save:
    """With its tags as the account spells them, where they are known: "to-read" may be "to read" there."""
    tags = service_names(save.tags, (), state.tags(source.name))
    return save if isinstance(tags, Unread) else replace(save, tags=tags)


def _known(state: State, source: Source, url: str) -> str:
    """What vaultsync knows a document of this source by that has an address; "" if it knows none."""
    found = by_address(url, {source.name: source}, state)
    entry = state.entry(found[source.name]) if found else None
    if entry is None or source.document(entry.record).deleted:
        return ""
    return entry.path or entry.id
