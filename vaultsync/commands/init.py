"""vaultsync init [DIR]: write the vaultsync.toml that makes a folder a vault, and say what to do next."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from vaultsync.commands.options import base_option, write_base
from vaultsync.commands.saying import say

if TYPE_CHECKING:
    from vaultsync.config import Config


@click.command()
@click.argument("folder", metavar="[DIR]", default=".", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--templates",
    "template_set",
    metavar="[SET]",
    is_flag=False,
    flag_value="default",
    help="Also copy a set of templates into the vault (default, callouts, minimal), to make it your own.",
)
@base_option
def command(folder: Path, template_set: str | None, *, base: bool) -> int:
    """Make DIR (this folder, if none is named) a vault of vaultsync's. Nothing that is there is changed."""
    from vaultsync import config
    from vaultsync.commands import templates

    if template_set:
        templates.require_set(template_set)
    _refuse_nested(folder.resolve())
    _make_folder(folder)
    if config.write_initial(folder, templates=templates.FOLDER if template_set else ""):
        say(f"{folder / config.FILE} written. It explains every option.")
    else:
        say(f"{folder / config.FILE} is there already and was left as it is.")
    if template_set:
        templates.copy_set(folder.resolve(), template_set)
    if base:
        say(write_base(folder.resolve()))
    return _check_tokens(config.load(folder.resolve()))


def _refuse_nested(folder: Path) -> None:
    """Refuse a folder of another vault: both would write the same notes. Raises ConfigError."""
    from vaultsync.config import FILE
    from vaultsync.errors import ConfigError

    around = next((above for above in folder.parents if (above / FILE).is_file()), None)
    if around is not None and not (folder / FILE).is_file():
        raise ConfigError(
            f"{folder} is inside a vault: {around}. A vault in a vault would have its notes written by both. "
            "Nothing was written.",
            hint=f"Use that one, or choose a folder outside of it. If it should be none, delete {around / FILE}.",
        )


def _make_folder(folder: Path) -> None:
    from vaultsync.errors import ConfigError
    from vaultsync.steps import step

    step("init.mkdir")
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ConfigError(f"{folder} can't be made: {error.strerror}. Nothing was changed.") from error


def _check_tokens(config: Config) -> int:
    """Try the tokens of the vault's sources; say what to do next. Return 1 if one is refused."""
    from vaultsync import accounts, connection, tokens
    from vaultsync.config import source_settings
    from vaultsync.errors import VaultsyncError
    from vaultsync.host.plugins import Host

    host = Host.load(os.environ)
    for failure in host.failures:
        say(str(failure), err=True)
    trouble, then = 0, "Next" if config.root == Path.cwd() else f"Next, in {config.root}"
    for name in config.sources:
        try:
            account = accounts.one(name, config, host.sources())
            settings = source_settings(config, account)
            if account.variable and not tokens.found_token(name, account.variable, os.environ):
                say(f'{then}: "vaultsync auth {name}", then "vaultsync export".')
                continue
            token = tokens.token_for(name, account.variable, connection.address(settings), os.environ)
            connection.check_token(account, settings, token)
            say(f'{name}: token accepted. {then}: "vaultsync export".')
        except VaultsyncError as error:
            say(str(error), err=True)
            trouble = 1
    return trouble
