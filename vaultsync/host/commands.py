"""The commands plugins bring: listed from what is remembered, found by loading the plugins when one is called for."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

from vaultsync.errors import ConfigError, PluginError
from vaultsync.host import installed

if TYPE_CHECKING:
    import click

    from vaultsync.host.plugins import Host

_LONGEST = 80


class Search(NamedTuple):
    """What came of looking for a command. plugin: that brings it. failures: of plugins that may have brought it."""

    command: click.Command | None
    plugin: str
    failures: tuple[PluginError, ...]


def listed(env: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Each command with its help line, no plugin loaded. One that was never asked is there under its own name."""
    wanted = installed.narrowed(env)
    try:
        plugins = () if wanted is not None and not wanted else installed.found(env)
    except ConfigError:  # told by whatever loads plugins; help is given in any case
        plugins = ()
    for one in plugins:
        if wanted is None or one.name in wanted:
            asked = one.commands is not None
            yield from one.commands or (
                () if asked else [(one.name, 'A plugin. "vaultsync plugins" asks it for more.')]
            )


def find(name: str, env: Mapping[str, str], *, own: Collection[str]) -> Search:
    """Load the plugins and look for a command. own: names that are vaultsync's. Raises ConfigError."""
    # Imported here: most command lines need none.
    from vaultsync.host.plugins import Host

    host = Host.load(env)
    commands = known(host, env, own=own)
    plugin, command = commands.get(name, ("", None))
    return Search(command, plugin, host.failures)


def known(host: Host, env: Mapping[str, str], *, own: Collection[str]) -> Mapping[str, tuple[str, click.Command]]:
    """Ask the plugins for their commands, and remember them for "vaultsync --help"."""
    commands = host.commands(own)
    lines: dict[str, list[tuple[str, str]]] = {name: [] for name in host.names}
    for name, (plugin, command) in commands.items():
        lines[plugin].append((name, command.get_short_help_str(_LONGEST)))
    installed.learn(env, {plugin: tuple(each) for plugin, each in lines.items()})
    return commands
