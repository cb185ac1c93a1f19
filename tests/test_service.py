"""vaultsync service: what is written is right whatever a path holds, and nobody else's file is touched."""

from __future__ import annotations

import io
import json
import os
import plistlib
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from xml.etree import ElementTree

import click
import pytest

from tests.command_case import be_nobody, made_vault
from vaultsync import cli, commandline
from vaultsync.errors import ConfigError
from vaultsync.storage.lock import watch_lock
from vaultsync.storage.statedir import state_dir
from vaultsync.watching import servicefiles, services
from vaultsync.watching.heartbeat import Beat, tell
from vaultsync.watching.services import Service

ROOT = Path(__file__).parent.parent
PLAIN = Service(
    vault="/home/me/Notes",
    program="/home/me/.local/bin/vaultsync",
    state="/home/me/.local/state/vaultsync",
    config="/home/me/.config/vaultsync",
    log="/home/me/.local/state/vaultsync/vaultsync-notes-93be65.log",
    user="HOME\\me",
)
HOSTILE = (
    "/home/me/My Notes",
    "/home/me/50% done %h",
    "/home/me/\"quoted\" and 'quoted'",
    "/home/me/$HOME ${HOME} `id` ;#&<>|",
    "/home/me/back\\slash\\n\\",
    "/home/me/Bücher 書 🦉",
    "/home/me/a--b -->",
    "/home/me/ blanks ",
    "/home/me/{mark} {0}",
)
SYSTEMD = shutil.which("systemd-analyze")
UNIT = """\
# vaultsync service for /home/me/Notes
# "vaultsync service uninstall" removes this file. Changes of your own belong into "systemctl --user edit NAME".

[Unit]
Description=vaultsync watching "/home/me/Notes"
StartLimitIntervalSec=0

[Service]
Type=exec
ExecStartPre=:test -e "/home/me/Notes/vaultsync.toml"
ExecStart=:"/home/me/.local/bin/vaultsync" watch --vault "/home/me/Notes" --json
Environment="VAULTSYNC_STATE_DIR=/home/me/.local/state/vaultsync" "VAULTSYNC_CONFIG_DIR=/home/me/.config/vaultsync"

# Until the vault's disk is there, and after a crash. 2 says that something must be mended by hand first.
Restart=on-failure
RestartPreventExitStatus=2
RestartSec=30
RestartSteps=6
RestartMaxDelaySec=10min
# The note at hand is finished first.
TimeoutStopSec=60

Nice=10
MemoryHigh=256M
MemoryMax=512M
TasksMax=64

NoNewPrivileges=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
KeyringMode=private
SystemCallArchitectures=native
SystemCallErrorNumber=EPERM
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources

PrivateUsers=yes
ProtectSystem=strict
ProtectHome=read-only
ReadWritePaths="/home/me/Notes" "/home/me/.local/state/vaultsync"
InaccessiblePaths=-%h/.ssh -%h/.gnupg
PrivateTmp=yes
PrivateDevices=yes
ProtectHostname=yes
ProtectClock=yes
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectKernelLogs=yes
ProtectControlGroups=yes
ProtectProc=invisible
CapabilityBoundingSet=

[Install]
WantedBy=default.target
"""


@dataclass
class Machine:
    """A home folder on a machine whose systemctl only says what it was asked."""

    home: Path
    vault: Path
    monkeypatch: pytest.MonkeyPatch
    capsys: pytest.CaptureFixture[str]

    def service(self, *args: str, typed: str | None = None) -> tuple[int, str, str]:
        """Run a command; return exit code, stdout, stderr. typed: at a terminal; None: there is none."""
        stdin = io.StringIO(typed or "")
        self.monkeypatch.setattr(stdin, "isatty", lambda: typed is not None)
        self.monkeypatch.setattr("sys.stdin", stdin)
        self.capsys.readouterr()
        code = cli.main(["service", *args])
        out, err = self.capsys.readouterr()
        return code, out, err

    @property
    def place(self) -> servicefiles.Place:
        """Where the vault's service is kept."""
        return servicefiles.place(self.vault, os.environ, "linux")

    def files(self) -> dict[str, bytes]:
        """Every file in the home but vaults and state."""
        found = (path for path in self.home.rglob("*") if path.is_file() and not path.is_relative_to(self.vault))
        return {path.relative_to(self.home).as_posix(): path.read_bytes() for path in found}

    def asked(self) -> list[str]:
        """What systemctl was asked."""
        log = self.home.parent / "asked"
        return log.read_text().splitlines() if log.exists() else []

    def systemctl(self, *lines: str) -> None:
        """Put a systemctl on the machine that does this."""
        program = self.home.parent / "bin/systemctl"
        program.parent.mkdir(exist_ok=True)
        program.write_text("\n".join(("#!/bin/sh", f'echo "$*" >> "{self.home.parent}/asked"', *lines)))
        program.chmod(0o755)


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Machine]:
    be_nobody(monkeypatch, tmp_path)
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    vault = made_vault(tmp_path / "home/Notes", "[sources.readwise]\n")
    monkeypatch.setenv("VAULTSYNC_VAULT", str(vault))
    machine = Machine(tmp_path / "home", vault, monkeypatch, capsys)
    machine.systemctl("exit 0")
    yield machine


def line_of(text: str, key: str) -> str:
    return next(line.partition("=")[2] for line in text.splitlines() if line.startswith(f"{key}="))


def words(text: str) -> list[str]:
    """The words of a line of a unit, as systemd.syntax(7) and systemd.unit(5) say they are read."""
    quoted = re.findall(r'"((?:[^"\\]|\\.)*)"|(\S+)', text)
    return [re.sub(r"\\(.)", r"\1", one or other).replace("%%", "%") for one, other in quoted]


# The three texts


def test_the_unit_of_a_plain_vault() -> None:
    assert services.unit(PLAIN) == UNIT.replace("NAME", services.name(PLAIN.vault))


def test_the_agent_of_a_plain_vault() -> None:
    assert plistlib.loads(services.agent(PLAIN).encode()) == {
        "Label": services.name(PLAIN.vault),
        "ProgramArguments": [PLAIN.program, "watch", "--vault", PLAIN.vault, "--quiet", "--log-file", PLAIN.log],
        "EnvironmentVariables": {"VAULTSYNC_STATE_DIR": PLAIN.state, "VAULTSYNC_CONFIG_DIR": PLAIN.config},
        "RunAtLoad": True,
        "KeepAlive": {"SuccessfulExit": False},
        "ThrottleInterval": 300,
        "ExitTimeOut": 60,
        "ProcessType": "Background",
        "StandardErrorPath": f"{PLAIN.log}.err",
    }


def of_task(text: str) -> dict[str, str]:
    """What the elements of a task say, by name."""
    root = ElementTree.fromstring(text.encode("utf-16"))
    return {element.tag.rpartition("}")[2]: (element.text or "").strip() for element in root.iter()}


def test_the_task_of_a_plain_vault() -> None:
    said = of_task(services.task(PLAIN))

    assert (
        said.items()
        >= {
            "Description": "vaultsync watching /home/me/Notes",
            "UserId": "HOME\\me",
            "LogonType": "InteractiveToken",
            "RunLevel": "LeastPrivilege",
            "Interval": "PT10M",
            "MultipleInstancesPolicy": "IgnoreNew",
            "ExecutionTimeLimit": "PT0S",
            "Command": PLAIN.program,
            "Arguments": f"watch --vault {PLAIN.vault} --quiet --log-file {PLAIN.log}",
        }.items()
    )


@pytest.mark.parametrize("path", HOSTILE)
def test_any_path_arrives_as_it_is_by_a_unit(path: str) -> None:
    text = services.unit(replace(PLAIN, vault=path, program=f"{path}/vaultsync", state=f"{path}.state"))

    assert words(line_of(text, "ExecStart").removeprefix(":")) == [
        f"{path}/vaultsync",
        "watch",
        "--vault",
        path,
        "--json",
    ]
    assert words(line_of(text, "ExecStartPre")) == [":test", "-e", f"{path}/vaultsync.toml"]
    assert words(line_of(text, "ReadWritePaths")) == [path, f"{path}.state"]
    assert words(line_of(text, "Environment"))[0] == f"VAULTSYNC_STATE_DIR={path}.state"
    # That would draw the next line into this one.
    assert not [line for line in text.splitlines() if line.endswith("\\") and not line.startswith("#")]


@pytest.mark.parametrize("path", HOSTILE)
def test_any_path_arrives_as_it_is_by_an_agent(path: str) -> None:
    said = plistlib.loads(services.agent(replace(PLAIN, vault=path, program=f"{path}/vaultsync")).encode())

    assert said["ProgramArguments"][:4] == [f"{path}/vaultsync", "watch", "--vault", path]


@pytest.mark.parametrize(
    ("path", "argument"),
    [
        ("C:\\Notes", "C:\\Notes"),
        ("C:\\My Notes", '"C:\\My Notes"'),
        ("C:\\My Notes\\", '"C:\\My Notes\\\\"'),
        ("C:\\R&D <1>", '"C:\\R&D <1>"'),
        ("C:\\Bücher 🦉", '"C:\\Bücher 🦉"'),
        ('a "b"', '"a \\"b\\""'),
    ],
)
def test_any_path_arrives_as_it_is_by_a_task(path: str, argument: str) -> None:
    said = of_task(services.task(replace(PLAIN, vault=path, log="x")))

    assert said["Arguments"] == f"watch --vault {argument} --quiet --log-file x"


@pytest.mark.parametrize("platform", ["linux", "darwin", "win32"])
@pytest.mark.parametrize("path", HOSTILE)
def test_the_first_line_says_whose_it_is(path: str, platform: str) -> None:
    system = servicefiles.place(Path(path), os.environ, platform).system

    assert system.text(replace(PLAIN, vault=path)).splitlines()[0] == system.head(path)


@pytest.mark.parametrize(
    "path", ["/home/me/a\nExecStart=/bin/evil", "/home/me/\x07", "/home/me/\udcff", "/a\r", "/a\ufffe"]
)
def test_what_no_file_can_say_is_refused(path: str) -> None:
    with pytest.raises(ConfigError, match="Nothing was written"):
        replace(PLAIN, vault=path)


def test_two_vaults_of_one_name_have_services_of_their_own() -> None:
    assert services.name("/home/me/work/Notes") != services.name("/home/me/home/Notes")


def test_a_service_is_given_the_plugins_of_whoever_installed_it() -> None:
    text = services.unit(replace(PLAIN, plugins="a,b"))

    assert words(line_of(text, "Environment"))[-1] == "VAULTSYNC_PLUGINS=a,b"


def test_a_vault_in_a_temporary_folder_is_not_hidden_from_its_watcher() -> None:
    assert line_of(services.unit(replace(PLAIN, vault="/tmp/vault")), "PrivateTmp") == "no"


@pytest.mark.skipif(not SYSTEMD, reason="needs systemd")
def test_systemd_takes_every_unit(tmp_path: Path) -> None:
    program = shutil.which("true") or ""
    made = [replace(PLAIN, vault=path, program=program) for path in HOSTILE]
    made += [
        replace(PLAIN, program=program, env_file="/home/me/50% of it.env"),
        replace(PLAIN, program=program, walled=False),
    ]
    for number, service in enumerate(made):
        (tmp_path / f"unit{number}.service").write_text(services.unit(service))
    env = {"XDG_RUNTIME_DIR": str(tmp_path), "HOME": str(tmp_path), "PATH": os.environ["PATH"]}

    done = subprocess.run(
        [SYSTEMD or "", "verify", "--man=no", *sorted(map(str, tmp_path.glob("*.service")))],
        capture_output=True,
        text=True,
        env=env,
    )

    # Older ones do not know how to wait longer and longer.
    complaints = [
        line for line in done.stderr.splitlines() if "RestartSteps" not in line and "RestartMaxDelay" not in line
    ]
    assert (done.returncode, complaints) == (0, [])


@pytest.mark.skipif(not SYSTEMD, reason="needs systemd")
def test_systemd_finds_the_unit_closed_in(tmp_path: Path) -> None:
    (tmp_path / "trial.service").write_text(services.unit(replace(PLAIN, program=shutil.which("true") or "")))

    command = [SYSTEMD or "", "security", "--offline=yes", "--no-pager", "--threshold=25", tmp_path / "trial.service"]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True)

    assert "option" in done.stderr or done.returncode == 0, done.stdout


# install


def test_install_shows_the_unit_and_asks_before_it_writes(machine: Machine) -> None:
    code, out, _ = machine.service("install", typed="n\n")

    assert (code, machine.files(), machine.asked()) == (0, {}, [])
    assert str(machine.place.file) in out
    assert "ExecStart=" in out
    assert "Nothing was written." in out


def test_install_writes_what_it_showed_and_says_how_to_start_it(machine: Machine) -> None:
    code, out, _ = machine.service("install", typed="y\n")

    name = f"{machine.place.name}.service"
    (path, data), *others = machine.files().items()
    assert (code, path, others) == (0, f".config/systemd/user/{name}", [])
    assert data.decode() in out
    assert f"  systemctl --user enable {name}\n" in out
    assert machine.asked() == []


def test_without_a_terminal_nothing_is_written_unless_told_so(machine: Machine) -> None:
    code, _, err = machine.service("install")

    assert (code, machine.files()) == (3, {})
    assert "--yes" in err


def test_a_dry_run_of_install_writes_nothing(machine: Machine) -> None:
    code, out, _ = machine.service("install", "--dry-run", "--yes", "--start")

    assert (code, machine.files(), machine.asked()) == (0, {}, [])
    assert "ExecStart=" in out


def test_install_with_start_runs_what_it_otherwise_says(machine: Machine) -> None:
    code, _, _ = machine.service("install", "--yes", "--start")

    name = f"{machine.place.name}.service"
    assert (code, machine.asked()) == (0, ["--user daemon-reload", f"--user enable {name}", f"--user restart {name}"])


def test_a_start_that_fails_says_what_systemd_said_and_what_may_help(machine: Machine) -> None:
    machine.systemctl("echo 'Job failed.' >&2", "exit 1")

    code, _, err = machine.service("install", "--yes", "--start")

    assert code == 1
    assert "Job failed." in err
    assert "--no-namespaces" in err


def test_installing_again_replaces_what_was_installed(machine: Machine) -> None:
    machine.service("install", "--yes")
    (before,) = machine.files().values()

    code, _, _ = machine.service("install", "--yes", "--no-namespaces")

    (after,) = machine.files().values()
    assert code == 0
    assert b"PrivateUsers" in before
    assert b"PrivateUsers" not in after


def test_a_file_of_someone_else_is_neither_replaced_nor_removed(machine: Machine) -> None:
    machine.place.file.parent.mkdir(parents=True)
    machine.place.file.write_text("# mine\n[Service]\n")
    before = machine.files()

    assert machine.service("install", "--yes")[0] == 2
    assert machine.service("uninstall", "--stop")[0] == 2
    assert (machine.files(), machine.asked()) == (before, [])


def test_a_folder_that_cant_be_made_is_named_and_nothing_is_left(machine: Machine) -> None:
    (machine.home / ".config").write_text("in the way")
    before = machine.files()

    code, _, err = machine.service("install", "--yes")

    assert (code, machine.files()) == (2, before)
    assert str(machine.place.file) in err


def test_what_only_systemd_knows_is_refused_elsewhere(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")

    code, _, err = machine.service("install", "--yes", "--no-namespaces")

    assert (code, machine.files()) == (2, {})
    assert "a launchd agent" in err


def test_units_are_where_the_users_configuration_is(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", "not/absolute")
    assert machine.place.file.parent == machine.home / ".config/systemd/user"

    monkeypatch.setenv("XDG_CONFIG_HOME", str(machine.home / "conf"))
    assert machine.place.file.parent == machine.home / "conf/systemd/user"


def test_a_token_is_never_written_and_one_the_service_would_miss_is_named(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("READWISE_TOKEN", "s3cret")

    _, out, err = machine.service("install", "--yes")

    assert "s3cret" not in out + err + str(machine.files())
    assert "readwise: the service will find no token" in err


def test_a_token_that_is_kept_is_not_asked_for(machine: Machine, tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config/readwise.token").touch(0o600)
    (tmp_path / "config/readwise.token").write_text("s3cret\n")

    assert "token" not in machine.service("install", "--yes")[2]


def test_a_vault_that_is_none_gets_no_service(machine: Machine) -> None:
    (machine.vault / "vaultsync.toml").write_text("[nonsense]\n")

    assert machine.service("install", "--yes")[0] == 2
    assert machine.files() == {}


def secret_file(folder: Path, mode: int = 0o600) -> Path:
    file = folder / "my tokens.env"
    file.touch(mode)
    file.write_text("READWISE_TOKEN=s3cret\n")
    file.chmod(mode)
    return file


def test_an_env_file_is_named_and_not_read(machine: Machine, tmp_path: Path) -> None:
    file = secret_file(tmp_path)

    code, out, err = machine.service("install", "--yes", "--env-file", str(file))

    (text,) = machine.files().values()
    assert (code, err) == (0, "")
    assert line_of(text.decode(), "EnvironmentFile") == str(file)
    assert "s3cret" not in out
    # Where that token may go is noted there, at its first use.
    assert words(line_of(text.decode(), "ReadWritePaths"))[-1] == str(tmp_path / "config")
    assert (tmp_path / "config").is_dir()


def test_an_env_file_others_can_read_or_that_is_shared_is_refused(machine: Machine, tmp_path: Path) -> None:
    files = [
        secret_file(tmp_path, 0o644),
        secret_file(machine.vault),
        tmp_path / "missing",
        secret_file(made_vault(tmp_path / "a*")),
    ]

    assert [machine.service("install", "--yes", "--env-file", str(file))[0] for file in files] == [2, 2, 2, 2]
    assert not machine.place.file.exists()


# uninstall


def test_uninstall_removes_what_install_wrote_and_nothing_else(machine: Machine) -> None:
    other = made_vault(machine.home / "other/Notes")
    machine.service("install", "--yes", "--vault", str(other))
    before = machine.files()
    machine.service("install", "--yes")

    code, out, _ = machine.service("uninstall")

    assert (code, machine.files(), machine.asked()) == (0, before, [])
    assert f"  systemctl --user stop {machine.place.name}.service\n" in out


def test_uninstall_with_stop_stops_it_first(machine: Machine) -> None:
    machine.service("install", "--yes")
    machine.systemctl(f'[ "$2" = disable ] && [ ! -e "{machine.place.file}" ] && exit 1', "exit 0")

    code, _, _ = machine.service("uninstall", "--stop")

    assert (code, machine.files()) == (0, {})
    assert machine.asked() == [f"--user disable --now {machine.place.name}.service", "--user daemon-reload"]


def test_the_service_of_a_vault_that_is_gone_can_be_removed(machine: Machine) -> None:
    machine.service("install", "--yes")
    shutil.rmtree(machine.vault)

    assert machine.service("uninstall", "--vault", str(machine.vault))[0] == 0
    assert machine.files() == {}


def test_uninstall_without_a_service_says_so(machine: Machine) -> None:
    code, out, _ = machine.service("uninstall", "--stop")

    assert (code, machine.asked()) == (0, [])
    assert "No service is installed" in out


# status


def test_status_says_whether_it_is_installed_and_what_systemd_says(machine: Machine) -> None:
    machine.systemctl("echo inactive", "exit 3")
    before = json.loads(machine.service("status", "--json")[1])
    machine.service("install", "--yes")
    machine.systemctl("echo active")

    after = json.loads(machine.service("status", "--json")[1])

    file = str(machine.place.file)
    assert before == {"installed": False, "file": file, "active": "inactive", "watching": None}
    assert after == {"installed": True, "file": file, "active": "active", "watching": None}


def test_status_tells_how_a_running_watcher_is_doing(machine: Machine) -> None:
    folder = state_dir(machine.vault, os.environ)
    beat = Beat(77, "2026-01-02T03:04:05+00:00", None, 2, ("readwise: no answer.",))

    with watch_lock(folder, "vaultsync watch"):
        tell(folder, beat)
        said = json.loads(machine.service("status", "--json")[1])["watching"]
        lines = machine.service("status")[1].splitlines()

    assert Beat(**said | {"troubles": tuple(said["troubles"])}) == beat
    assert "process 77" in lines[-3]
    assert lines[-2:] == ["Last success: none yet. Edits waiting: 2.", "readwise: no answer."]
    assert machine.service("status")[1].splitlines()[-1] == "No watcher is running."


def test_status_of_a_vault_that_is_gone_says_what_is_left(machine: Machine) -> None:
    machine.systemctl("echo failed", "exit 3")
    machine.service("install", "--yes")
    shutil.rmtree(machine.vault)

    code, out, _ = machine.service("status", "--vault", str(machine.vault))

    assert (code, out.splitlines()) == (
        0,
        [f"{machine.place.file} is installed.", "The system says: failed.", "No watcher is running."],
    )


def test_status_does_without_a_systemd_that_answers(machine: Machine) -> None:
    machine.systemctl("echo 'Failed to connect to bus: No medium found' >&2", "exit 1")

    code, out, _ = machine.service("status")

    assert (code, "bus" in out) == (0, False)


# Other systems


@pytest.mark.parametrize(("platform", "ending"), [("darwin", ".plist"), ("win32", ".xml")])
def test_agents_and_tasks_are_written_found_and_removed(machine: Machine, platform: str, ending: str) -> None:
    vault = made_vault(machine.home / "Bücher -- 書")
    place = servicefiles.place(vault, os.environ, platform)

    servicefiles.write(place, servicefiles.wanted(vault, os.environ))

    assert (place.file.suffix, place.holds()) == (ending, "ours")
    assert servicefiles.place(machine.vault, os.environ, platform).holds() == "nothing"
    servicefiles.remove(place)
    assert place.holds() == "nothing"


def test_a_task_is_saved_as_schtasks_saves_its_own(machine: Machine) -> None:
    place = servicefiles.place(machine.vault, os.environ, "win32")
    servicefiles.write(place, servicefiles.wanted(machine.vault, os.environ))

    data = place.file.read_bytes()

    assert data[:2] in (b"\xff\xfe", b"\xfe\xff")
    assert ElementTree.fromstring(data).tag.endswith("Task")


def test_a_system_nothing_is_known_of_is_told_what_to_do() -> None:
    with pytest.raises(ConfigError, match="vaultsync watch"):
        servicefiles.place(Path("/home/me/Notes"), os.environ, "plan9")


# What is started


def understood(arguments: list[str]) -> bool:
    """Whether the command line takes this."""
    context = click.Context(commandline.vaultsync)
    command = commandline.vaultsync.get_command(context, arguments[0])
    assert command, arguments
    return bool(command.make_context(arguments[0], arguments[1:]))


def test_the_watcher_takes_what_services_start_it_with() -> None:
    task = of_task(services.task(PLAIN))["Arguments"]

    assert understood(words(line_of(services.unit(PLAIN), "ExecStart"))[1:])
    assert understood(plistlib.loads(services.agent(PLAIN).encode())["ProgramArguments"][1:])
    assert understood(task.split())


# The container

DOCKERFILE = [
    line.split(maxsplit=1)
    for line in re.sub(r"^#.*\n", "", (ROOT / "Dockerfile").read_text(), flags=re.MULTILINE).splitlines()
    if line
]


def instructions(name: str) -> list[str]:
    return [rest for word, rest in DOCKERFILE if word == name]


def test_the_container_is_made_of_what_is_there() -> None:
    kept = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = {source for line in instructions("COPY") for source in line.split()[:-1]}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    built = {*project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"], project["project"]["readme"]}
    built |= {
        *project["project"]["license-files"],
        *project["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"],
    }

    assert copied == kept == {"pyproject.toml", *built}
    assert all((ROOT / source).exists() for source in copied)


def test_the_container_starts_commands_that_exist() -> None:
    (program,) = json.loads(instructions("ENTRYPOINT")[0])
    health = json.loads(instructions("HEALTHCHECK")[0].partition("CMD ")[2])

    assert program in tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["scripts"]
    assert health[0] == program
    assert understood(health[1:])
    assert understood(json.loads(instructions("CMD")[0]))


def test_the_container_runs_as_nobody_special_and_keeps_everything_outside() -> None:
    env = dict(pair.split("=") for line in instructions("ENV") for pair in line.split())
    volumes = json.loads(instructions("VOLUME")[0])

    assert instructions("USER") == ["${UID}:${GID}"]
    assert dict(line.split("=") for line in instructions("ARG")) == {"UID": "1000", "GID": "1000"}
    assert all(value.startswith(tuple(volumes)) for name, value in env.items() if name.startswith("VAULTSYNC_"))
