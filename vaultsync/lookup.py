"""Find the documents a user means by an id, the path of a note, or an address."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TypeVar

from vaultsync.disk.vault import Vault
from vaultsync.errors import ConfigError
from vaultsync.hookspecs import Source
from vaultsync.host.fenced import Fenced
from vaultsync.storage.state import State

_Fenced = TypeVar("_Fenced", bound=Fenced)


def keys_by_source(
    wanted: Iterable[str], *, sources: Mapping[str, Source], state: State, vault: Vault
) -> dict[str, tuple[str, ...]]:
    """The keys to ask each source for. Raises ConfigError for what no document is known by.

    An address may be that of a document in several accounts, and means all of them.
    """
    found: dict[str, dict[str, None]] = {name: {} for name in sources}
    for text in wanted:
        for name, keys in _keys(text, sources, state, vault).items():
            found[name] |= dict.fromkeys(keys)
    return {name: tuple(keys) for name, keys in found.items()}


def document_id(text: str, *, sources: Mapping[str, Source], state: State, vault: Vault) -> str:
    """The id of the entry a user means; of several with an address, the one that has a note. Raises ConfigError."""
    found = [entry for keys in _keys(text, sources, state, vault).values() if (entry := state.find(keys)) is not None]
    noted = [entry for entry in found if entry.path is not None] or found
    if len(noted) > 1:
        names = " and ".join(entry.id for entry in noted)
        raise ConfigError(
            f"{names} have the address {text}. Nothing was done.", hint="Name the one you mean by its id."
        )
    if not noted:
        raise _unknown(text)
    return noted[0].id


def _keys(text: str, sources: Mapping[str, Source], state: State, vault: Vault) -> dict[str, tuple[str, ...]]:
    """The keys of what is meant, by source: of one, unless it is an address. Raises ConfigError."""
    addressed = by_address(text, sources, state)
    if addressed:
        return {name: state.keys_of(identity) for name, identity in addressed.items()}
    identity = text if ":" in text and "://" not in text else _by_path(text, vault, state)
    entry = state.find((identity,)) if identity else None
    if entry is not None and entry.source in sources:
        return {entry.source: state.keys_of(entry.id)}
    for name, source in sources.items():
        if identity and identity.partition(":")[0] in source.prefixes:
            return {name: (identity,)}
    raise _unknown(text)


def _by_path(text: str, vault: Vault, state: State) -> str | None:
    """The id of the note at a path, be it one that was there before its user deleted it."""
    path = Path(text)
    for candidate in (path if path.is_absolute() else Path.cwd() / path, vault.root / path):
        resolved = candidate.resolve()
        if resolved.is_relative_to(vault.root) and resolved.is_file():
            inside = resolved.relative_to(vault.root).as_posix()
            return vault.identity(inside) or _remembered(inside, state)
        # Nothing is there, or no note: a folder, a link that leads elsewhere.
        named = candidate.parent.resolve() / candidate.name
        if named.is_relative_to(vault.root):
            known = _remembered(named.relative_to(vault.root).as_posix(), state)
            if known is not None:
                return known
    return None


def _remembered(path: str, state: State) -> str | None:
    return next((row.id for row in state.rows_of((path,))), None)


def offering(named: str | None, sources: Mapping[str, _Fenced], method: str, *, usual: str) -> _Fenced:
    """The source a user means that offers something; if none is named: the only one that does, else the usual one.

    Raises ConfigError.
    """
    can = [name for name, source in sources.items() if source.offers(method)]
    name = named or (can[0] if len(can) == 1 else usual)
    if name in sources:
        return sources[name]
    known = ", ".join(sources) or "none"
    if not name and can:
        raise ConfigError("Several sources can do that. Nothing was done.", hint=f"Add --source: {', '.join(can)}.")
    if not name:
        raise ConfigError("No source can do that. Nothing was done.", hint=f"vaultsync.toml has: {known}.")
    raise ConfigError(f'vaultsync.toml has no source "{name}". Nothing was done.', hint=f"It has: {known}.")


def by_address(text: str, sources: Mapping[str, Source], state: State) -> dict[str, str]:
    """The id of the first entry of each source whose document has an address.

    Records are the sources' own, so every one is read; a user who asks by address has the time.
    """
    found: dict[str, str] = {}
    for name, source in sources.items() if "://" in text else ():
        for entry in filter(None, map(state.entry, state.ids(name))):
            document = source.document(entry.record)
            if text.rstrip("/") in (document.url.rstrip("/"), document.service_url.rstrip("/")):
                found[name] = entry.id
                break
    return found


def _unknown(text: str) -> ConfigError:
    return ConfigError(
        f'No document is known by "{text}". Nothing was fetched or written.',
        hint='Give the vaultsync_id of a note, the path of a note, or the address of a document; "vaultsync export" '
        "fetches what is new.",
    )
