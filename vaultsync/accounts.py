"""The accounts of a vault: what each section [sources.NAME] stands for, and what follows from its name. No I/O.

A section named for a source is the account of that name: [sources.linkding]. Any other name is an account of its own
that says which source it is at: [sources.work] with type = "linkding". So one vault can have several of a kind.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from typing import TYPE_CHECKING, Any

import msgspec

from vaultsync.errors import ConfigError
from vaultsync.mistakes import meant, mistake

if TYPE_CHECKING:
    from vaultsync.config import Config
    from vaultsync.hookspecs import SourcePlugin

_TYPE = "type"
# Stricter than the names of sources: block ids, variables of the environment and files are named for accounts.
_NAME = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*")


class _Nothing(msgspec.Struct):
    """The settings of a source that no plugin brings."""


class Account(msgspec.Struct, frozen=True):
    """One section [sources.NAME]. type: the source it is at; plugin: that brings it, None if it could not be loaded."""

    name: str
    type: str
    plugin: SourcePlugin | None = None

    @property
    def is_renamed(self) -> bool:
        """Whether it goes by another name than its source."""
        return self.name != self.type

    @property
    def settings(self) -> Any:
        """The msgspec struct type that its section is checked against."""
        return self.plugin.settings if self.plugin else _Nothing

    @property
    def variable(self) -> str:
        """The environment variable of its token, "" if it needs none.

        A vault is shared, and names its accounts: it must not be able to name any variable at all, and have what is in
        it sent. So the variable of a renamed account begins with that of its source: LINKDING_TOKEN_HOME_LAB.
        """
        token = self.plugin.token if self.plugin else ""
        return f"{token}_{self.name.upper().replace('-', '_')}" if token and self.is_renamed else token

    @property
    def blocks(self) -> str:
        """What the block ids of a renamed account begin with, "" for others; "homelab-" for home-lab.

        It ends at its only dash, so that no two accounts can make the same block id of two others.

        >>> Account("home-lab", "readwise").blocks, Account("readwise", "readwise").blocks
        ('homelab-', '')
        """
        return f"{self.name.replace('-', '')}-" if self.is_renamed else ""

    def options(self, section: Mapping[str, Any]) -> dict[str, Any]:
        """What its section says to its source."""
        own = _has_type(self.plugin) and not self.is_renamed
        return {key: value for key, value in section.items() if key != _TYPE or own}


def of(plugin: SourcePlugin) -> Account:
    """The account that is named for its source."""
    return Account(plugin.name, plugin.name, plugin)


def accounts(config: Config, plugins: Mapping[str, SourcePlugin], *, complete: bool = True) -> dict[str, Account]:
    """The accounts of a vault by name, in the order of vaultsync.toml. Raises ConfigError.

    complete: whether `plugins` are all that were asked for. Else what brings a source may be among those that failed,
    which is no mistake in vaultsync.toml.
    """
    found: dict[str, Account] = {}
    for name in config.sources:
        account = found[name] = named(name, config, plugins)
        if account.plugin is None and complete:
            raise _unknown(account, config, plugins)
        _refuse_clash(account, found, config)
    return found


def usable(config: Config, plugins: Mapping[str, SourcePlugin]) -> tuple[Account, ...]:
    """The accounts whose names and types are in order, for whoever is not to stop for the others."""
    found = []
    for name in config.sources:
        with suppress(ConfigError):
            found.append(one(name, config, plugins))
    return tuple(found)


def named(name: str, config: Config, plugins: Mapping[str, SourcePlugin]) -> Account:
    """The account of a section. plugin: None if its type is not among `plugins`. Raises ConfigError."""
    given = config.sources[name].get(_TYPE, name)
    if _has_type(plugins.get(name)):  # then the word is its own, as it was before there were accounts
        given = name
    section = f"sources.{name}"
    if not isinstance(given, str):
        raise mistake(config.text, section, _TYPE, "type is no text", f'It reads type = "{_example(plugins)}".')
    if given != name and name in plugins:
        what = f"{name} is a source itself, and can't be the name of an account at {given}"
        raise mistake(config.text, section, _TYPE, what, f"Name the section otherwise: [sources.my-{given}].")
    if given != name and not _NAME.fullmatch(name):
        what = f'"{name}" is no name for an account'
        hint = "It has small letters, digits, and single dashes between them, and begins with a letter."
        raise mistake(config.text, "sources", name, what, hint)
    return Account(name, given, plugins.get(given))


def one(name: str, config: Config, plugins: Mapping[str, SourcePlugin]) -> Account:
    """The account called so: of a section, or that of a source there is no section of yet. Raises ConfigError."""
    if name in config.sources:
        account = named(name, config, plugins)
        if account.plugin is None:
            raise _unknown(account, config, plugins)
        return account
    if name in plugins:
        return of(plugins[name])
    known = ", ".join(dict.fromkeys((*config.sources, *plugins))) or "none"
    raise ConfigError(f'There is no source "{name}". Nothing was done.', hint=f"Installed: {known}.")


def _has_type(plugin: SourcePlugin | None) -> bool:
    """Whether a source has a setting that is called type."""
    return plugin is not None and _TYPE in _options(plugin.settings)


@cache
def _options(settings: type) -> frozenset[str]:
    """The names of what a section may hold. Found out once: it is asked for in every run, of every account."""
    return frozenset(each.encode_name for each in msgspec.structs.fields(settings))


def _unknown(account: Account, config: Config, plugins: Mapping[str, SourcePlugin]) -> ConfigError:
    """What is said of an account at a source that no plugin brings."""
    what = f'no plugin brings a source "{account.type}"'
    hint = f"{meant(account.type, plugins)}Installed: {', '.join(plugins) or 'none'}."
    if not account.is_renamed:
        more = f' An account of another name says which source it is at: type = "{_example(plugins)}".'
        return mistake(config.text, "sources", account.name, what, hint + more)
    if account.type in config.sources:
        what = f'"{account.type}" is an account itself, and no type'
    return mistake(config.text, f"sources.{account.name}", _TYPE, what, hint)


def _refuse_clash(account: Account, others: Mapping[str, Account], config: Config) -> None:
    """Refuse an account whose block ids could be those of another. Raises ConfigError."""
    for other in others.values():
        if account.name != other.name and account.blocks and account.blocks == other.blocks:
            what = f"the block ids of {account.name} and of {other.name} would both begin with {account.blocks}"
            raise mistake(config.text, "sources", account.name, what, "Give one of them a name of other letters.")


def _example(plugins: Mapping[str, SourcePlugin]) -> str:
    return "linkding" if "linkding" in plugins else next(iter(plugins), "linkding")
