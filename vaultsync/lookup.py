"""Find the documents a user means by an id, the path of a note, or an address."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from vaultsync.disk.vault import Vault
from vaultsync.errors import ConfigError
from vaultsync.hookspecs import Source
from vaultsync.storage.state import State


def keys_by_source(
    wanted: Iterable[str], *, sources: Mapping[str, Source], state: State, vault: Vault
) -> dict[str, tuple[str, ...]]:
    """The keys to ask each source for. Raises ConfigError for what no document is known by."""
    found: dict[str, dict[str, None]] = {name: {} for name in sources}
    for text in wanted:
        name, keys = _keys(text, sources, state, vault)
        found[name] |= dict.fromkeys(keys)
    return {name: tuple(keys) for name, keys in found.items()}


def document_id(text: str, *, sources: Mapping[str, Source], state: State, vault: Vault) -> str:
    """The id of the entry a user means. Raises ConfigError."""
    for key in _keys(text, sources, state, vault)[1]:
        entry = state.find((key,))
        if entry is not None:
            return entry.id
    raise _unknown(text)


def _keys(text: str, sources: Mapping[str, Source], state: State, vault: Vault) -> tuple[str, tuple[str, ...]]:
    identity = (
        text if ":" in text and "://" not in text else by_address(text, sources, state) or _by_path(text, vault, state)
    )
    entry = state.find((identity,)) if identity else None
    if entry is not None and entry.source in sources:
        return entry.source, state.keys_of(entry.id)
    for name, source in sources.items():
        if identity and identity.partition(":")[0] in source.prefixes:
            return name, (identity,)
    raise _unknown(text)


def _by_path(text: str, vault: Vault, state: State) -> str | None:
    """The id of the note at a path, be it one that was there before its user deleted it."""
    path = Path(text)
    for candidate in (path if path.is_absolute() else Path.cwd() / path, vault.root / path):
        resolved = candidate.resolve()
        if resolved.is_relative_to(vault.root) and resolved.is_file():
            inside = resolved.relative_to(vault.root).as_posix()
            return vault.identity(inside) or _remembered(inside, state)
        if resolved.is_relative_to(vault.root) and not resolved.exists():
            known = _remembered(resolved.relative_to(vault.root).as_posix(), state)
            if known is not None:
                return known
    return None


def _remembered(path: str, state: State) -> str | None:
    return next((row.id for row in list(state.rows()) if row.path == path), None)


def by_address(text: str, sources: Mapping[str, Source], state: State) -> str | None:
    """The id of the entry whose document has an address, None if none has.

    Records are the sources' own, so every one is read; a user who asks by address has the time.
    """
    if "://" not in text:
        return None
    for row in list(state.rows()):
        source = sources.get(row.source)
        entry = state.entry(row.id) if source else None
        if source and entry:
            document = source.document(entry.record)
            if text.rstrip("/") in (document.url.rstrip("/"), document.service_url.rstrip("/")):
                return row.id
    return None


def _unknown(text: str) -> ConfigError:
    return ConfigError(
        f'No document is known by "{text}". Nothing was fetched or written.',
        hint='Give the vaultsync_id of a note, the path of a note, or the address of a document; "vaultsync export" '
        "fetches what is new.",
    )
