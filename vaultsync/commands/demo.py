"""vaultsync demo [DIR]: a vault from a sample library, served over real HTTP by a simulator on this machine."""

from __future__ import annotations

import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from shutil import which
from textwrap import shorten
from typing import TYPE_CHECKING

import click

from vaultsync.commands.options import print_report
from vaultsync.commands.saying import say
from vaultsync.origins import DEMO_URL

if TYPE_CHECKING:
    from vaultsync.report import Report
    from vaultsync.simulator import Library, Simulator
    from vaultsync.simulator.records import Book, Highlight, ReaderDocument
    from vaultsync.watching.log import Event
    from vaultsync.workspace import Stand

_OWN = ".demo"
_LIBRARY = "library.json"

_CONFIG = f"""\
# A vault to try vaultsync with. "vaultsync demo" fills it from a sample library, served on this machine; no
# token of yours is looked for. Change what you like and run it again. "vaultsync init" makes a real one.

[notes]
# path = "Readwise/{{{{ document.category }}}}/{{{{ document.title }}}}.md"
# templates = "default"                     # also "callouts", "minimal", or a folder in this vault

[sources.readwise]
base_url = "{DEMO_URL}"        # no real address: only "vaultsync demo" knows where it is
documents = "all"
"""

_TRY = """
To look at it: open {folder} as a vault in Obsidian (or any Markdown editor), say the note
  {note}

To try:
  write a thought of your own into a note, run "{again}" again: your text stays as it is
  run "{again} --watch" and type behind "- Note:" under a highlight: that is sent, as you can see there
  rename a note or move it to another folder: it is found again by its vaultsync_id
  set templates = "callouts" in {folder}/vaultsync.toml, run "{again}" again: every note changes its looks
  ask "{program} status --vault {folder}" how things stand
  delete the folder when you have seen enough

For your own library: "{program} init DIR", then "auth readwise" and "export", each with --vault DIR.
"""


_WATCH = """
Now both sides are kept the same. Open {folder} as a vault in Obsidian (or any Markdown editor), and in the note
  {note}
type something behind "- Note:" under a highlight. A few seconds after you save it, it is at the simulator.
In {seconds:.0f} seconds someone else adds a highlight to that book, and it will appear in the note. Ctrl-C ends it.
"""
_SOMEONE, _OFTEN, _SETTLE = 20.0, 5.0, 1.0
# What the service calls a field: of a highlight or Reader document, of a book.
_CALLED = {"note": ("note", "notes", "document_note")}


@click.command()
@click.option("--watch", is_flag=True, help="Then keep both sides the same, and show it, until Ctrl-C.")
@click.argument("folder", metavar="[DIR]", default="demo_vault", type=click.Path(file_okay=False, path_type=Path))
def command(folder: Path, *, watch: bool) -> int:
    """Fill DIR (demo_vault, if none is named) with notes from a sample library. Needs no token and no network.

    In a demo vault that is there already it goes on where it was.
    """
    from vaultsync.simulator import Library, Simulator, sample_library

    kept = folder / _OWN / _LIBRARY
    library = Library.load(kept) if kept.is_file() else sample_library()
    _prepare(folder, kept.is_file())
    library.save(kept)  # the mark of a demo vault: first, so that an interrupted run can be run again
    with Simulator(library, limits=False) as service:
        say(f"A sample library is served at {service.base_url} for as long as this takes.")
        report = _export(folder.resolve(), service.base_url, service.token)
        if watch:
            print_report(report)
            code = _watch(folder, service, _first_note(folder, report))
            library.save(kept)
            return code
    library.save(kept)
    print_report(report)
    told = {"folder": folder, "note": _first_note(folder, report), "again": _again(folder), "program": _program()}
    click.echo(_TRY.format(**told), nl=False)
    return report.exit_code


def _prepare(folder: Path, is_demo: bool) -> None:
    """Make the folder a demo vault. Raises ConfigError if it holds anything else."""
    from vaultsync.config import FILE
    from vaultsync.errors import ConfigError
    from vaultsync.steps import step

    if not is_demo and folder.is_dir() and any(folder.iterdir()):
        raise ConfigError(
            f"{folder} is not empty, and no demo vault. Nothing in it was touched.",
            hint='Name a folder that is not there yet: "vaultsync demo DIR".',
        )
    step("demo.mkdir")
    (folder / _OWN).mkdir(parents=True, exist_ok=True)
    if not (folder / FILE).is_file():
        step("demo.config")
        (folder / FILE).write_text(_CONFIG, "utf-8")


def _export(root: Path, base_url: str, token: str) -> Report:
    """Pull from the simulator, with plugins, tokens and state of the demo's own."""
    from vaultsync import workspace
    from vaultsync.progress import on_terminal
    from vaultsync.pull import Options
    from vaultsync.runs import run

    stand, env = _stand(base_url, token)
    with workspace.opened(root, env=env, progress=on_terminal(), stand=stand, writing="vaultsync demo") as opened:
        return run(opened, "export", pull=Options())


def _stand(base_url: str, token: str) -> tuple[Stand, dict[str, str]]:
    """Where the service is, and all of the environment that the demo is to know."""
    from vaultsync.storage.statedir import OVERRIDE
    from vaultsync.workspace import Stand

    # With an address and a token of its own, no secret of the user's is ever looked at. State is where every
    # vault's is, so that status, doctor and templates know this vault too.
    env = {"VAULTSYNC_PLUGINS": ""} | {name: value for name, value in os.environ.items() if name == OVERRIDE}
    return Stand({"readwise": base_url}, {"readwise": token}), env


def _watch(folder: Path, service: Simulator, note: str) -> int:
    """Watch the vault beside the simulator, and tell what arrives there; return the exit code."""
    from threading import Timer

    from vaultsync.commands.watch import watched
    from vaultsync.watching.watch import Manner

    def tell(event: Event) -> None:
        say(event.line(datetime.now(UTC)))
        if event.kind == "sent":
            say(f"          the simulator has it: {_as_held(service, event)}")

    click.echo(_WATCH.format(folder=folder, note=note, seconds=_SOMEONE), nl=False)
    someone = Timer(_SOMEONE, _add_highlight, [service, Path(note).stem])
    someone.daemon = True
    someone.start()
    try:
        stand, env = _stand(service.base_url, service.token)
        return watched(folder.resolve(), tell, Manner(settle=_SETTLE, pull_interval=_OFTEN, stand=stand), env)
    finally:
        someone.cancel()


def _add_highlight(service: Simulator, title: str) -> None:
    """What someone else does while the demo is watched."""
    with service.lock:
        books = list(service.library.books.values())
        book = next((one for one in books if one.title.startswith(title)), books[0])
        service.library.add_highlight(book, "This highlight was made elsewhere, while you were watching.")
    say(f'{datetime.now():%H:%M:%S}  someone   adds a highlight to "{book.title}" at the simulator')  # noqa: DTZ005


def _as_held(service: Simulator, event: Event) -> str:
    """What was just sent, as the service holds it; "" if that is not there any more."""
    field, _, block = event.text.partition(" of ^")
    with service.lock:
        thing = _highlight(service.library, block) if block else _document(service.library, event.document)
        if thing is None:
            return ""
        if field == "tags":
            said: object = ", ".join(tag if isinstance(tag, str) else tag.name for tag in thing.tags)
        else:
            names = _CALLED.get(field, (field,))
            said = next((getattr(thing, name) for name in names if hasattr(thing, name)), "")
        about = getattr(thing, "text", None) or getattr(thing, "title", None) or ""
    return f'"{said or ""}" at "{shorten(about, 45, placeholder="…")}"'


def _highlight(library: Library, block: str) -> Highlight | None:
    every = (one for book in library.books.values() for one in book.live)
    return next((one for one in every if block == f"rw{one.id}"), None)


def _document(library: Library, identity: str) -> Book | ReaderDocument | None:
    source, _, key = identity.partition(":")
    return library.documents.get(key) if source == "reader" else library.books.get(int(key))


def _first_note(folder: Path, report: Report) -> str:
    """A note worth opening: one that was just written, else any."""
    written = sorted(change.path for change in report.changes if change.path and "books" in change.path)
    notes = written or sorted(path.relative_to(folder).as_posix() for path in folder.glob("[!.]*/**/*.md"))
    return str(folder / notes[0]) if notes else str(folder)


def _again(folder: Path) -> str:
    command = f"{_program()} demo"
    return command if str(folder) == "demo_vault" else f"{command} {folder}"


def _program() -> str:
    """How to call this program from here: by its name if the shell finds it, else by its path."""
    if which("vaultsync"):
        return "vaultsync"
    script = Path(sys.argv[0]).absolute()
    return str(script.relative_to(Path.cwd()) if script.is_relative_to(Path.cwd()) else script)
