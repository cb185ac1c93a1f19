"""What keeps a watcher running: the text of a systemd unit, a launchd agent and a scheduled task. No I/O.

Each says in its first line which vault it was written for, so that no other file is ever replaced or removed.
"""

from __future__ import annotations

import plistlib
import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b
from xml.sax.saxutils import escape

from vaultsync.errors import ConfigError

# What XML 1.0 can't hold, and a line of a unit neither: control characters, halves of pairs, two noncharacters.
_UNFIT = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
# systemd takes EnvironmentFile= for a pattern, and knows no quotes there.
_PATTERN = re.compile(r"[*?\[\]\\]|^\s|\s$")
_TEMPORARY = ("/tmp/", "/var/tmp/")


@dataclass(frozen=True, slots=True)
class Service:
    """A watcher to be kept running. Every path is absolute. Raises ConfigError if one can't be written down.

    program: vaultsync's own. state, config: the folders all vaults share. log: a file, for systems without a journal.
    plugins: VAULTSYNC_PLUGINS, None if that is not set. user: as Windows names them. env_file: variables for the
    service alone, "" for none. walled: in a namespace of its own, where the system has such.
    """

    vault: str
    program: str
    state: str
    config: str
    log: str
    plugins: str | None = None
    user: str = ""
    env_file: str = ""
    walled: bool = True

    def __post_init__(self) -> None:
        for text in (self.vault, self.program, self.state, self.config, self.log, self.plugins or "", self.env_file):
            if _UNFIT.search(text):
                raise ConfigError(
                    f"{text!r} has letters no service can be told of. Nothing was written.",
                    hint="Rename the folder, or start the watcher by other means.",
                )
        if _PATTERN.search(self.env_file):
            raise ConfigError(
                f"systemd would take {self.env_file!r} for a pattern. Nothing was written.",
                hint="Name a file without * ? [ ] and backslashes, and without blanks at its ends.",
            )

    @property
    def environment(self) -> Mapping[str, str]:
        """What the service would otherwise look for elsewhere than whoever installed it. No secret is in it."""
        plugins = {} if self.plugins is None else {"VAULTSYNC_PLUGINS": self.plugins}
        return {"VAULTSYNC_STATE_DIR": self.state, "VAULTSYNC_CONFIG_DIR": self.config} | plugins


def name(vault: str) -> str:
    """Name the service of a vault: after its folder, with something of the whole path, for many are called Notes.

    >>> name("/home/me/Meine Bücher"), name("/srv/書")
    ('vaultsync-meine-bucher-4fd21f', 'vaultsync-e78216')
    """
    folder = re.split(r"[/\\]", vault.rstrip("/\\"))[-1]
    letters = unicodedata.normalize("NFKD", folder).encode("ascii", "ignore").decode().lower()
    slug = re.sub("[^a-z0-9]+", "-", letters)[:40].strip("-")
    told_by = blake2b(unicodedata.normalize("NFC", vault).encode(), digest_size=3).hexdigest()
    return "-".join(filter(None, ("vaultsync", slug, told_by)))


def mark(vault: str) -> str:
    """What a file says in its first line of the vault it was written for."""
    return f"vaultsync service for {vault}"


def commented(vault: str) -> str:
    """The mark as a comment of XML, which may hold no "--".

    >>> commented("/a--b")
    '<!-- vaultsync service for /a- -b -->'
    """
    return f"<!-- {mark(vault).replace('--', '- -')} -->"


def _word(text: str) -> str:
    r"""One word of a unit, whatever is in it (systemd.syntax(7): quoting; systemd.unit(5): specifiers).

    >>> print(_word('/home/me/50% "done"'))
    "/home/me/50%% \"done\""
    """
    quoted = text.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return f'"{quoted}"'


# The ":" before a command keeps "$" what it is. `test` fails, and is tried again, while the disk is not mounted;
# to vaultsync that would be a mistake in --vault.
_UNIT = """\
# {mark}
# "vaultsync service uninstall" removes this file. Changes of your own belong into "systemctl --user edit {name}".

[Unit]
Description=vaultsync watching "{shown}"
StartLimitIntervalSec=0

[Service]
Type=exec
ExecStartPre=:test -e {toml}
ExecStart=:{program} watch --vault {vault} --json
Environment={environment}
{env_file}
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
{walls}
[Install]
WantedBy=default.target
"""
_OPEN = """\
# A note keeps its group. (In a namespace no group is known but one's own.)
SystemCallFilter=@chown
"""
# In a namespace chown can't name a group but one's own; that @chown stays refused has vaultsync pass over it.
# Strict leaves the home folders out: ProtectHome= is about those. A user's own manager can do none of this
# without PrivateUsers= (systemd.exec(5), "Sandboxing").
_WALLS = """
PrivateUsers=yes
ProtectSystem=strict
ProtectHome=read-only
ReadWritePaths={writable}
InaccessiblePaths=-%h/.ssh -%h/.gnupg
PrivateTmp={private_tmp}
PrivateDevices=yes
ProtectHostname=yes
ProtectClock=yes
ProtectKernelTunables=yes
ProtectKernelModules=yes
ProtectKernelLogs=yes
ProtectControlGroups=yes
ProtectProc=invisible
CapabilityBoundingSet=
"""


def unit(service: Service) -> str:
    """Write the systemd user unit, as closed in as a user's own manager can close it."""
    env_file = f"EnvironmentFile={service.env_file.replace('%', '%%')}\n" if service.env_file else ""
    return _UNIT.format(
        mark=mark(service.vault),
        name=name(service.vault),
        shown=service.vault.replace("%", "%%"),
        toml=_word(f"{service.vault}/vaultsync.toml"),
        program=_word(service.program),
        vault=_word(service.vault),
        environment=" ".join(_word(f"{key}={value}") for key, value in service.environment.items()),
        env_file=env_file,
        walls=_walls(service) if service.walled else _OPEN,
    )


def _walls(service: Service) -> str:
    # A token that comes by a file was never tried by "vaultsync auth": where it is first used is noted in config.
    writable = (service.vault, service.state, *((service.config,) if service.env_file else ()))
    needed = (*writable, service.config, service.program)
    return _WALLS.format(
        writable=" ".join(map(_word, writable)),
        private_tmp="no" if any(path.startswith(_TEMPORARY) for path in needed) else "yes",
    )


def agent(service: Service) -> str:
    """Write the launchd agent. launchd knows no exit codes: it tries a broken configuration every five minutes."""
    watch = ["watch", "--vault", service.vault, "--quiet", "--log-file", service.log]
    text = plistlib.dumps(
        {
            "Label": name(service.vault),
            "ProgramArguments": [service.program, *watch],
            "EnvironmentVariables": dict(service.environment),
            "RunAtLoad": True,
            "KeepAlive": {"SuccessfulExit": False},
            "ThrottleInterval": 300,
            "ExitTimeOut": 60,
            "ProcessType": "Background",
            "StandardErrorPath": f"{service.log}.err",
        },
        sort_keys=False,
    ).decode()
    return text.replace("?>", f"?>{commented(service.vault)}", 1)


def _argument(text: str) -> str:
    r"""One argument of a command line of Windows.

    >>> print(_argument("C:\\"), _argument("D:\\My Notes\\"))
    C:\ "D:\My Notes\\"
    """
    if text and not re.search(r'[\s"]', text):
        return text
    quoted = re.sub(r'(\\*)"', r'\1\1\\"', text)
    return '"' + re.sub(r"(\\+)$", r"\1\1", quoted) + '"'


# No exit code starts a task again. Instead it is started every ten minutes, and left alone if it runs.
_TASK = """\
<?xml version="1.0" encoding="UTF-16"?>{mark}
<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">
  <RegistrationInfo>
    <Description>{description}</Description>
  </RegistrationInfo>
  <Triggers>
    <LogonTrigger>
      <Enabled>true</Enabled>
      <Repetition>
        <Interval>PT10M</Interval>
        <StopAtDurationEnd>false</StopAtDurationEnd>
      </Repetition>
      <UserId>{user}</UserId>
    </LogonTrigger>
  </Triggers>
  <Principals>
    <Principal id="Author">
      <UserId>{user}</UserId>
      <LogonType>InteractiveToken</LogonType>
      <RunLevel>LeastPrivilege</RunLevel>
    </Principal>
  </Principals>
  <Settings>
    <MultipleInstancesPolicy>IgnoreNew</MultipleInstancesPolicy>
    <DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>
    <StopIfGoingOnBatteries>false</StopIfGoingOnBatteries>
    <StartWhenAvailable>true</StartWhenAvailable>
    <ExecutionTimeLimit>PT0S</ExecutionTimeLimit>
    <Priority>7</Priority>
  </Settings>
  <Actions Context="Author">
    <Exec>
      <Command>{program}</Command>
      <Arguments>{arguments}</Arguments>
    </Exec>
  </Actions>
</Task>
"""


def task(service: Service) -> str:
    """Write the scheduled task; to be saved as UTF-16, as schtasks saves its own."""
    arguments = ("watch", "--vault", service.vault, "--quiet", "--log-file", service.log)
    return _TASK.format(
        mark=commented(service.vault),
        description=escape(f"vaultsync watching {service.vault}"),
        user=escape(service.user),
        program=escape(service.program),
        arguments=escape(" ".join(map(_argument, arguments))),
    )
