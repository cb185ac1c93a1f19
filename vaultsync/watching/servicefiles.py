"""Where an operating system looks for what it is to keep running: the files put there, and the commands about them.

A file is replaced or removed only if its first line says that it was written for this very vault.
"""

from __future__ import annotations

import os
import secrets
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from vaultsync.errors import ConfigError, VaultsyncError
from vaultsync.steps import step
from vaultsync.storage.statedir import state_dir
from vaultsync.user_config import config_dir
from vaultsync.watching.services import Service, agent, commented, mark, name, task, unit

_SECONDS = 60


@dataclass(frozen=True, slots=True)
class System:
    """How an operating system keeps a program running.

    called: with its article. text: what is written, `head` its first line for a vault. folder: where, by environment.
    start: command lines, to be run in this order. stop: those to be run before the file is removed, removed: those
    after it; left: those that stop it when the file is gone already. active: the one that says whether it runs.
    remark: what else to know. {name}, {file} and {uid} stand for what they say.
    """

    called: str
    text: Callable[[Service], str]
    head: Callable[[str], str]
    folder: Callable[[Mapping[str, str]], Path]
    file: str
    start: tuple[str, ...]
    stop: tuple[str, ...]
    left: tuple[str, ...]
    removed: tuple[str, ...] = ()
    active: str = ""
    remark: str = ""
    encoding: str = "utf-8"


@dataclass(frozen=True, slots=True)
class Place:
    """The file of one vault's service. vault: absolute, as text; it may be gone."""

    system: System
    vault: str
    file: Path

    @property
    def name(self) -> str:
        """What the service is called."""
        return name(self.vault)

    def holds(self) -> Literal["nothing", "ours", "another"]:
        """Tell whose file is there. Raises ConfigError if it can't be read."""
        try:
            first = self.file.read_bytes().decode(self.system.encoding, "replace").partition("\n")[0]
        except FileNotFoundError:
            return "nothing"
        except OSError as error:
            raise ConfigError(f"{self.file} can't be read ({error.strerror}). Nothing was changed.") from error
        return "ours" if first.rstrip("\r") == self.system.head(self.vault) else "another"

    @property
    def remark(self) -> str:
        """What else to know; "" if nothing."""
        return self.system.remark.format(name=self.name)

    def commands(self, lines: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
        """Command lines of the system as they are for this service, each as its words."""
        words = {"name": self.name, "file": str(self.file), "uid": str(os.getuid() if hasattr(os, "getuid") else "")}
        return tuple(tuple(word.format(**words) for word in line.split()) for line in lines)


def place(vault: Path, env: Mapping[str, str], platform: str = "") -> Place:
    """Find where the service of a vault is kept. Raises ConfigError if nothing is known of the system.

    platform: as in sys.platform; "" for this one.
    """
    platform = platform or sys.platform
    system = _SYSTEMS.get(platform)
    if system is None:
        raise ConfigError(
            f"How {platform} keeps programs running is not known here. Nothing was done.",
            hint='Have it start "vaultsync watch", and start it again unless it ends with 0 or 2.',
        )
    file = system.file.format(name=name(str(vault)))
    return Place(system, str(vault), system.folder(env) / file)


def wanted(vault: Path, env: Mapping[str, str], *, env_file: str = "", walled: bool = True) -> Service:
    """What is to be kept running for a vault. Raises ConfigError, StateError."""
    state = state_dir(vault, env).parent.resolve()
    return Service(
        str(vault),
        _program(),
        str(state),
        str(config_dir(env).resolve()),
        str(state / f"{name(str(vault))}.log"),
        env.get("VAULTSYNC_PLUGINS"),
        "\\".join(filter(None, (env.get("USERDOMAIN"), env.get("USERNAME")))),
        _env_file(env_file, vault) if env_file else "",
        walled,
    )


def is_installed(place: Place) -> bool:
    """Tell whether the file is there. Raises ConfigError if one is there that is not ours to touch."""
    if place.holds() == "another":
        raise ConfigError(
            f"{place.file} was not written for this vault by vaultsync. It was left alone.",
            hint="Move it away if it is not needed, then run this again.",
        )
    return place.holds() == "ours"


def write(place: Place, service: Service) -> None:
    """Put the file there, or its newer text in its place. Raises ConfigError, also if it is not ours to replace."""
    is_installed(place)
    temp = place.file.with_name(f".{place.file.name}.{secrets.token_hex(4)}")
    try:
        if service.env_file:
            # It must be there to be made writable for the service.
            step("service.mkdir")
            Path(service.config).mkdir(mode=0o700, parents=True, exist_ok=True)
        step("service.mkdir")
        place.file.parent.mkdir(parents=True, exist_ok=True)
        step("service.write")
        temp.write_bytes(place.system.text(service).encode(place.system.encoding))
        step("service.replace")
        os.replace(temp, place.file)  # noqa: PTH105  # named as in disk/swap.py, where a test counts the steps
    except OSError as error:
        with suppress(OSError):
            step("service.unlink")
            temp.unlink()
        raise ConfigError(
            f"{place.file} can't be written ({error.strerror}). Nothing was changed.", hint="Make its folder writable."
        ) from error


def remove(place: Place) -> None:
    """Remove the file, if it is there. Raises ConfigError if it is not ours to remove."""
    if not is_installed(place):
        return
    try:
        step("service.unlink")
        place.file.unlink()
    except OSError as error:
        raise ConfigError(f"{place.file} can't be removed ({error.strerror}).", hint="Remove it by hand.") from error


def run(command: tuple[str, ...]) -> None:
    """Run a command of the system. Raises VaultsyncError if it fails or is not there."""
    code, said = _ran(command)
    if code:
        raise VaultsyncError(
            f'"{shown(command)}" ended with {code}: {said}.',
            hint="If its log says 217/USER or 226/NAMESPACE, this machine lets users have no namespaces: "
            'see "vaultsync service install --no-namespaces".'
            if command[0] == "systemctl"
            else "",
        )


def activity(place: Place) -> str:
    """What the system says of the service, in its own word; "" if it can't be asked."""
    command = place.commands((place.system.active,))[0]
    if not command or not shutil.which(command[0]):
        return ""
    with suppress(VaultsyncError):
        # "inactive" comes with an exit code of its own; what went wrong comes in more words than one.
        said = _ran(command)[1]
        return said if said.isalpha() else ""
    return ""


def shown(command: tuple[str, ...]) -> str:
    """A command as it can be typed."""
    return subprocess.list2cmdline(command) if os.name == "nt" else shlex.join(command)


def _ran(command: tuple[str, ...]) -> tuple[int, str]:
    """Run a command; return its exit code and all it said. Raises VaultsyncError."""
    step("service.run")
    try:
        said = subprocess.check_output(
            command, stdin=subprocess.DEVNULL, stderr=subprocess.STDOUT, timeout=_SECONDS, text=True, errors="replace"
        )
    except subprocess.CalledProcessError as error:
        return error.returncode, error.output.strip()
    except (OSError, subprocess.TimeoutExpired) as error:
        raise VaultsyncError(f'"{shown(command)}" did not work: {error}.') from error
    return 0, said.strip()


def _program() -> str:
    """Find the program to be started: this one. Raises ConfigError."""
    # As it was called; else beside this Python, where pip puts it; else where the shell finds it.
    called = sys.argv[0] if Path(sys.argv[0]).stem == "vaultsync" else ""
    beside = Path(sys.executable).parent
    found = shutil.which(called) or shutil.which("vaultsync", path=str(beside)) or shutil.which("vaultsync")
    if not found:
        raise ConfigError(
            "The program vaultsync was not found. Nothing was written.", hint="Is it installed with pip, pipx or uv?"
        )
    return str(Path(found).absolute())


def _env_file(given: str, vault: Path) -> str:
    """Check the file with the service's variables; return its absolute path. Raises ConfigError."""
    file = Path(given).expanduser().resolve()
    if file.is_relative_to(vault):
        raise ConfigError(f"{file} is in the vault, and a vault is shared. Nothing was written.", hint="Move it out.")
    try:
        mode = file.stat().st_mode
    except OSError as error:
        raise ConfigError(f"{file} can't be read ({error.strerror}). Nothing was written.") from error
    if os.name == "posix" and mode & 0o077:
        raise ConfigError(f"Others can read {file}. Nothing was written.", hint=f'Run "chmod 600 {file}".')
    return str(file)


def _systemd_folder(env: Mapping[str, str]) -> Path:
    home = env.get("XDG_CONFIG_HOME", "")
    # The specification wants relative ones passed over.
    return (Path(home) if Path(home).is_absolute() else Path.home() / ".config") / "systemd/user"


_BOOTOUT = ("launchctl bootout gui/{uid}/{name}",)
_DELETE = ("schtasks /End /TN {name}", "schtasks /Delete /TN {name} /F")
_SYSTEMS: Mapping[str, System] = {
    "linux": System(
        "a systemd user unit",
        unit,
        lambda vault: f"# {mark(vault)}",
        _systemd_folder,
        "{name}.service",
        start=(
            "systemctl --user daemon-reload",
            "systemctl --user enable {name}.service",
            # Not "enable --now": one that runs already would go on as it was.
            "systemctl --user restart {name}.service",
        ),
        # systemd 255 can't take back what it enabled once the file is gone.
        stop=("systemctl --user disable --now {name}.service",),
        left=("systemctl --user stop {name}.service", "systemctl --user daemon-reload"),
        removed=("systemctl --user daemon-reload",),
        active="systemctl --user is-active {name}.service",
        remark='Its log: "journalctl --user -u {name}". It ends when you log out, unless "loginctl enable-linger" '
        "was run once.",
    ),
    "darwin": System(
        "a launchd agent",
        agent,
        lambda vault: f'<?xml version="1.0" encoding="UTF-8"?>{commented(vault)}',
        lambda _: Path.home() / "Library/LaunchAgents",
        "{name}.plist",
        start=("launchctl bootstrap gui/{uid} {file}",),
        stop=_BOOTOUT,
        left=_BOOTOUT,
    ),
    "win32": System(
        "a scheduled task",
        task,
        lambda vault: f'<?xml version="1.0" encoding="UTF-16"?>{commented(vault)}',
        config_dir,
        "{name}.xml",
        start=("schtasks /Create /TN {name} /XML {file} /F", "schtasks /Run /TN {name}"),
        stop=_DELETE,
        left=_DELETE,
        encoding="utf-16",
    ),
}
# By the name Python has for the system (sys.platform).
