"""vaultsync auth SOURCE: ask for a token, try it at the service, keep it, and confirm where it may go."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from vaultsync.commands.options import vault_option
from vaultsync.commands.saying import say

if TYPE_CHECKING:
    from vaultsync.config import Config


@click.command()
@click.argument("source")
@vault_option
@click.option("--file", "in_file", is_flag=True, help="Keep it in a file of mode 600, not in the system keyring.")
@click.option("--forget", is_flag=True, help="Remove the token, and what is remembered of where it was used.")
def command(source: str, vault: str | None, *, in_file: bool, forget: bool) -> None:
    """Check the token of SOURCE ("readwise") with its service and keep it outside the vault.

    SOURCE is the name of a section [sources.NAME] of vaultsync.toml. The token is asked for, and not shown; or read
    from stdin if that is no terminal. Nothing entered means the token already in use: that confirms a base_url that
    has changed.
    """
    from vaultsync import accounts, config, connection, origins, tokens
    from vaultsync.errors import SourceError
    from vaultsync.host.plugins import Host

    env = os.environ
    loaded = _config(vault)
    account = accounts.one(source, loaded, Host.load(env).sources())
    variable = account.variable
    if not variable:
        say(f"{source} needs no token.")
        return
    if forget:
        _say_forgotten(source, tokens.forget(source, env), variable, env)
        return
    settings = config.source_settings(loaded, account)
    tokens.refuse_demo(source, settings.base_url)
    typed = _ask(source, origins.origin(settings.base_url))
    token = tokens.cleaned(typed, source, variable) or tokens.token_in_use(source, variable, env)
    try:
        connection.check_token(account, settings, token)
    except SourceError as error:
        if typed:
            tokens.say_not_kept(error, variable)
        raise
    # Bound only now: a slip of the finger must not open the way for a token the service never took.
    where = f"kept in {tokens.store(source, token, env, in_file=in_file)}" if typed else "used as it is"
    origins.bind(source, token, settings.base_url, env)
    say(f"{source}: token accepted by {origins.origin(settings.base_url)}, and {where}.")
    if typed and env.get(variable):
        say(f"But {variable} is set, and goes before it.", err=True)


def _config(vault: str | None) -> Config:
    """Read the vault's configuration; one that says nothing if there is no vault to read."""
    from vaultsync import config
    from vaultsync.errors import ConfigError

    try:
        root = config.find_vault(vault, os.environ, Path.cwd())
    except ConfigError:
        if vault or os.environ.get("VAULTSYNC_VAULT"):
            raise
        return config.Config(Path.cwd())
    return config.load(root)


def _ask(source: str, origin: str) -> str:
    """Ask for the token, naming who will see it."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().strip()
    prompt = f"Token of {source}, to be sent to {origin} (nothing: the one in use)"
    return str(click.prompt(prompt, hide_input=True, default="", show_default=False)).strip()


def _say_forgotten(source: str, places: tuple[str, ...], variable: str, env: Mapping[str, str]) -> None:
    say(f"{source}: removed from {' and '.join(places)}." if places else f"{source}: there was no token kept.")
    if env.get(variable):
        say(f"{variable} is still set; that is for you to remove.", err=True)
