"""vaultsync plugins: which plugins there are, where they come from, what they bring, and what went wrong."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from vaultsync.commands.options import json_option, print_json, vault_option
from vaultsync.commands.saying import say, say_error

if TYPE_CHECKING:
    from vaultsync.accounts import Account
    from vaultsync.config import Config
    from vaultsync.host.installed import Found
    from vaultsync.host.plugins import Host


@dataclass(frozen=True, slots=True)
class Row:
    """One plugin. origin: its package and version, or its file. left_out: why it was not loaded, if so.

    accounts: names of the vault's sections that are at its sources.
    """

    name: str
    origin: str
    loaded: bool
    hooks: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    accounts: tuple[str, ...] = ()
    template_filters: tuple[str, ...] = ()
    commands: tuple[str, ...] = ()
    left_out: str = ""


@click.command()
@vault_option
@json_option
def command(vault: str | None, *, as_json: bool) -> int:
    """List the plugins: where each comes from, which hooks it answers, what it brings under which name.

    Exits 1 if one of them failed. VAULTSYNC_PLUGINS (names, commas) narrows what is loaded. In a vault, their sections
    of vaultsync.toml are checked as well.
    """
    from vaultsync.accounts import usable
    from vaultsync.host.plugins import Host

    config = _config(vault)
    host = Host.load(os.environ, config)
    rows = list(_rows(host, usable(config, host.sources()) if config else ()))
    if as_json:
        errors = [{"plugin": each.plugin, "message": each.message, "hint": each.hint} for each in host.failures]
        print_json({"plugins": [asdict(row) for row in rows], "errors": errors})
        return 1 if errors else 0
    width = max(len(row.name) for row in rows)
    for row in rows:
        say(f"{row.name:{width}}  {row.origin}{'' if row.loaded else f' ({row.left_out})'}")
        say(*(f"{'':{width}}  {line}" for line in _lines(row)))
    for failure in host.failures:
        say_error(failure)
    return 1 if host.failures else 0


def _config(vault: str | None) -> Config | None:
    """The vault's configuration; None if there is no vault, and none was named. Raises ConfigError."""
    from vaultsync import config
    from vaultsync.errors import ConfigError

    try:
        root = config.find_vault(vault, os.environ, Path.cwd())
    except ConfigError:
        if vault or os.environ.get("VAULTSYNC_VAULT"):
            raise
        return None
    return config.load(root)


def _rows(host: Host, there: Collection[Account]) -> Iterator[Row]:
    """Every plugin that is there, in the order they are asked; those that were not loaded after them."""
    from vaultsync import commandline
    from vaultsync.host import commands as plugin_commands
    from vaultsync.host import installed
    from vaultsync.host.plugins import built_in

    commands = plugin_commands.known(host, os.environ, own=commandline.COMMANDS)
    every = (*built_in(), *installed.found(os.environ))
    origins = {one.name: _origin(one) for one in reversed(every)}
    for name in host.names:
        sources, filters = host.brought(name)
        names = tuple(each for each, (plugin, _) in commands.items() if plugin == name)
        mine = tuple(one.name for one in there if one.type in sources)
        yield Row(name, origins[name], True, host.hooks(name), sources, mine, filters, names)
    failed = {failure.plugin for failure in host.failures}
    for one in every:
        if one.name not in host.names or origins[one.name] != _origin(one):
            why = "failed" if one.name in failed else f"left out by {installed.NARROWED}"
            yield Row(one.name, _origin(one), False, left_out=why)


def _origin(one: Found) -> str:
    return "built in" if one.package == "vaultsync" else one.origin


def _lines(row: Row) -> Iterator[str]:
    """What a plugin brings, for people."""
    hooks = ", ".join(hook.removeprefix("vaultsync_") for hook in row.hooks)
    if row.loaded:
        yield f"hooks: {hooks or 'none'}"
    for what, names in (
        ("sources", row.sources),
        ("accounts here", row.accounts),
        ("template filters", row.template_filters),
        ("commands", row.commands),
    ):
        if names:
            yield f"{what}: {', '.join(names)}"
