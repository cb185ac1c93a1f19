"""vaultsync service: have the system keep a watcher running, whatever it uses for that."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from vaultsync.commands.options import find_vault, json_option, print_json, vault_option
from vaultsync.commands.saying import say

if TYPE_CHECKING:
    from vaultsync.config import Config
    from vaultsync.watching.heartbeat import Beat
    from vaultsync.watching.servicefiles import Place


@click.group()
def command() -> None:
    """Have the system keep "vaultsync watch" running: systemd, launchd or the Task Scheduler."""


@command.command("install")
@vault_option
@click.option(
    "--env-file", metavar="FILE", default="", help="Variables for the service, such as a token. systemd only."
)
@click.option("--no-namespaces", "unwalled", is_flag=True, help="Leave out what needs user namespaces. systemd only.")
@click.option("--dry-run", "dry", is_flag=True, help="Show what would be written, and write nothing.")
@click.option("--yes", is_flag=True, help="Write it without asking.")
@click.option("--start", is_flag=True, help="Also run the commands that start it.")
def install(  # noqa: PLR0913  # one parameter an option
    vault: str | None, env_file: str, *, unwalled: bool, dry: bool, yes: bool, start: bool
) -> int:
    """Show the unit, agent or task that keeps a watcher of this vault running, and write it if you agree.

    No token is written into it: keep it with "vaultsync auth", or name an --env-file. Exits 3 if there was nobody to
    ask.
    """
    from vaultsync import config
    from vaultsync.watching import servicefiles

    root = find_vault(vault)
    loaded = config.load(root)
    place = servicefiles.place(root, os.environ)
    if env_file or unwalled:
        _require_systemd(place)
    wanted = servicefiles.wanted(root, os.environ, env_file=env_file, walled=not unwalled)
    say(f"{place.file}, {place.system.called}:", "")
    click.echo(place.system.text(wanted))
    if not dry and not (yes or _agreed()):
        say("Nothing was written.")
        return 0 if _can_ask() else 3
    if not dry:
        servicefiles.write(place, wanted)
        say(f"{place.file} written.")
    if not env_file:
        _mind_tokens(loaded)
    _go_on(place, place.system.start, "start it", do=start and not dry)
    if place.remark:
        say(place.remark)
    return 0


@command.command("uninstall")
@vault_option
@click.option("--stop", is_flag=True, help="Also run the commands that stop it.")
def uninstall(vault: str | None, *, stop: bool) -> None:
    """Remove what install wrote for this vault, and nothing else. The vault itself may be gone."""
    from vaultsync.watching import servicefiles

    place = servicefiles.place(_named(vault), os.environ)
    if not servicefiles.is_installed(place):
        say(f"No service is installed for {place.vault}: there is no {place.file}.")
        return
    if stop:
        _go_on(place, place.system.stop, "stop it", do=True)
    servicefiles.remove(place)
    say(f"{place.file} removed.")
    if stop:
        _go_on(place, place.system.removed, "make that known", do=True)
    else:
        _go_on(place, place.system.left, "stop it if it runs", do=False)


@command.command("status")
@vault_option
@json_option
def status(vault: str | None, *, as_json: bool) -> None:
    """Say whether a service is installed for this vault, and whether it runs."""
    from msgspec.structs import asdict

    from vaultsync.watching import servicefiles

    root = _named(vault)
    place = servicefiles.place(root, os.environ)
    installed, active, beat = place.holds() == "ours", servicefiles.activity(place), _heard(root)
    if as_json:
        watching = asdict(beat) if beat else None
        print_json({"installed": installed, "file": str(place.file), "active": active, "watching": watching})
        return
    say(f"{place.file} {'is installed' if installed else 'is not installed'}.")
    if active:
        say(f"The system says: {active}.")
    say(*_told(beat))


def _named(vault: str | None) -> Path:
    """The vault as it was named, be it there or not; else as for any command. Raises ConfigError."""
    return Path(vault).expanduser().resolve() if vault else find_vault(None)


def _require_systemd(place: Place) -> None:
    """Refuse what only systemd knows. Raises UsageError."""
    if place.file.suffix != ".service":
        raise click.UsageError(
            f"--env-file and --no-namespaces are for systemd; this is {place.system.called}. "
            'Keep the token with "vaultsync auth".'
        )


def _can_ask() -> bool:
    return sys.stdin is not None and sys.stdin.isatty()


def _agreed() -> bool:
    if _can_ask():
        return click.confirm("Write it?")
    say('There is nobody here to ask. With "--yes" it is written.', err=True)
    return False


def _mind_tokens(loaded: Config) -> None:
    """Say which sources the service would find no token for: what only this shell knows does not count."""
    from vaultsync import tokens
    from vaultsync.accounts import usable
    from vaultsync.host.plugins import Host

    for account in usable(loaded, Host.load(os.environ).sources()):
        name, variable = account.name, account.variable
        elsewhere = {key: value for key, value in os.environ.items() if key != variable}
        if variable and not tokens.found_token(name, variable, elsewhere):
            what = f'{name}: the service will find no token. Run "vaultsync auth {name}"; with --file where nobody'
            say(f"{what} unlocks a keyring.", err=True)


def _go_on(place: Place, lines: tuple[str, ...], purpose: str, *, do: bool) -> None:
    """Run commands of the system, each told first; or say which are to be run. Raises VaultsyncError."""
    from vaultsync.watching import servicefiles

    if not do:
        say(f"To {purpose}:")
    for line in place.commands(lines):
        say(f"  {servicefiles.shown(line)}")
        if do:
            servicefiles.run(line)


def _heard(root: Path) -> Beat | None:
    """What a running watcher says of itself, whoever started it."""
    from vaultsync.errors import StateError
    from vaultsync.storage.statedir import state_dir
    from vaultsync.watching.heartbeat import heard

    try:
        return heard(state_dir(root, os.environ))
    except StateError:  # the vault is gone, or not mounted
        return None


def _told(beat: Beat | None) -> Iterator[str]:
    if beat is None:
        yield "No watcher is running."
        return
    yield f"A watcher is running: process {beat.pid}, since {_local(beat.since)}."
    success = _local(beat.last_success) if beat.last_success else "none yet"
    yield f"Last success: {success}. Edits waiting: {beat.waiting}."
    yield from beat.troubles


def _local(moment: str) -> str:
    """A moment as the user's clock shows it."""
    from datetime import datetime

    return datetime.fromisoformat(moment).astimezone().strftime("%Y-%m-%d %H:%M")
