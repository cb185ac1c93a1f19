"""`vaultsync watch`: keep account and vault the same, for as long as it runs."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import click

from vaultsync.commands.options import find_vault, json_option, vault_option
from vaultsync.oneline import json_line

if TYPE_CHECKING:
    from vaultsync.watching.log import Event
    from vaultsync.watching.watch import Manner, Watch

_LOG_BYTES, _LOGS = 1_000_000, 3
_LEAVE_WITH = {"SIGINT": 130, "SIGTERM": 0, "SIGHUP": 0}


@click.command("watch")
@click.option(
    "--settle",
    type=click.FloatRange(min=0.05),
    metavar="S",
    help="Read a note S seconds after it was last saved. Else settle of [watch] in vaultsync.toml: 3.",
)
@click.option(
    "--pull-interval",
    "pull_interval",
    type=click.FloatRange(min=1),
    metavar="S",
    help="Ask the sources every S seconds. Else pull_interval of [watch] in vaultsync.toml: 300.",
)
@click.option("--yes", is_flag=True, help="Let a changed template change more than 50 notes.")
@click.option("--quiet", is_flag=True, help="Say nothing but what is wrong.")
@click.option("--log-file", "log_file", type=click.Path(dir_okay=False), metavar="PATH", help="Keep a log there too.")
@json_option
@vault_option
def command(  # noqa: PLR0913  # one parameter an option
    *,
    settle: float | None,
    pull_interval: float | None,
    yes: bool,
    quiet: bool,
    log_file: str | None,
    as_json: bool,
    vault: str | None,
) -> int:
    """Send what you change in notes a moment after you save it, and fetch what is new every few minutes.

    Ends with Ctrl-C, or when it is told to (SIGTERM). With --json every event is an object on a line of its own.
    """
    from vaultsync.watching.watch import Manner

    root = find_vault(vault)
    with ExitStack() as stack:
        sinks = [_printed(as_json=as_json, quiet=quiet)]
        if log_file:
            sinks.append(stack.enter_context(_logged(Path(log_file), root)))

        def tell(event: Event) -> None:
            for sink in sinks:
                sink(event)

        return watched(root, tell, Manner(settle, pull_interval, yes))


def watched(root: Path, tell: Callable[[Event], None], manner: Manner, env: dict[str, str] | None = None) -> int:
    """Watch until a signal says to leave; return the exit code for it. Raises VaultsyncError if it can't begin."""
    from vaultsync.watching.watch import Watch

    watch = Watch(root, os.environ if env is None else env, tell=tell, manner=manner)
    with _leaving_by_signal(watch) as codes:
        watch.everything()
    return codes[0] if codes else 0


@contextmanager
def _leaving_by_signal(watch: Watch) -> Iterator[list[int]]:
    """Have signals ask the watcher to leave; the list gets the exit code. A second Ctrl-C ends it at once."""
    codes: list[int] = []
    before = {}

    def leave(number: int, _frame: FrameType | None) -> None:
        codes.append(_LEAVE_WITH[signal.Signals(number).name])
        signal.signal(signal.SIGINT, signal.default_int_handler)
        watch.leave()

    for name in _LEAVE_WITH:
        if number := getattr(signal, name, None):  # Windows has no SIGHUP
            before[number] = signal.signal(number, leave)
    try:
        yield codes
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _printed(*, as_json: bool, quiet: bool) -> Callable[[Event], None]:
    """Somewhere to tell events: results on stdout, trouble on stderr; as JSON all on stdout."""

    def tell(event: Event) -> None:
        is_wrong = event.kind in ("trouble", "mended")
        if quiet and not is_wrong:
            return
        now = datetime.now(UTC)
        text = json_line(event.as_json(now)) if as_json else event.line(now)
        click.echo(text, err=is_wrong and not as_json)

    return tell


@contextmanager
def _logged(file: Path, root: Path) -> Iterator[Callable[[Event], None]]:
    """A log file that is begun anew at 1 MB, with two older ones kept. Raises ConfigError."""
    import logging
    from logging.handlers import RotatingFileHandler

    from vaultsync.errors import ConfigError

    if file.resolve().is_relative_to(root):
        raise ConfigError(
            f"The log can't be kept in {file}: that is inside the vault. Nothing was done.",
            hint="Name a file elsewhere: what syncs the vault would copy it again and again.",
        )
    try:
        handler = RotatingFileHandler(file, maxBytes=_LOG_BYTES, backupCount=_LOGS - 1, encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"{file} can't be written ({error.strerror}). Nothing was done.") from error
    # A disk that is full must not end the watch, nor be told of in a traceback for every event.
    handler.handleError = lambda _record: None  # type: ignore[assignment,method-assign]

    def tell(event: Event) -> None:
        now = datetime.now(UTC)
        line = f"{now.astimezone():%Y-%m-%d} {event.line(now)}"
        handler.emit(logging.LogRecord("vaultsync", logging.INFO, "", 0, line, None, None))

    try:
        yield tell
    finally:
        handler.close()
