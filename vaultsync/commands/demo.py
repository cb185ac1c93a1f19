"""vaultsync demo [DIR]: a vault from a sample library, served over real HTTP by a simulator on this machine."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from shutil import which
from typing import TYPE_CHECKING

import click

from vaultsync.commands.options import print_report

if TYPE_CHECKING:
    from vaultsync.report import Report

_OWN = ".demo"
_LIBRARY = "library.json"

_CONFIG = """\
# A vault to try vaultsync with. "vaultsync demo" fills it from a sample library, served on this machine; no
# token of yours is looked for. Change what you like and run it again. "vaultsync init" makes a real one.

[notes]
# path = "Readwise/{{ document.category }}/{{ document.title }}.md"
# templates = "default"                     # also "callouts", "minimal", or a folder in this vault

[sources.readwise]
base_url = "http://demo.invalid/api"        # no real address: only "vaultsync demo" knows where it is
documents = "all"
"""

_TRY = """
To look at it: open {folder} as a vault in Obsidian (or any Markdown editor), say the note
  {note}

To try:
  write a thought of your own into a note, run "{again}" again: your text stays as it is
  rename a note or move it to another folder: it is found again by its vaultsync_id
  set templates = "callouts" in {folder}/vaultsync.toml, run "{again}" again: every note changes its looks
  ask "{program} status --vault {folder}" how things stand
  delete the folder when you have seen enough

For your own library: "{program} init DIR", then "auth readwise" and "export", each with --vault DIR.
"""


@click.command()
@click.argument("folder", metavar="[DIR]", default="demo_vault", type=click.Path(file_okay=False, path_type=Path))
def command(folder: Path) -> int:
    """Fill DIR (demo_vault, if none is named) with notes from a sample library. Needs no token and no network.

    In a demo vault that is there already it goes on where it was.
    """
    from vaultsync.simulator import Library, Simulator, sample_library

    kept = folder / _OWN / _LIBRARY
    library = Library.load(kept) if kept.is_file() else sample_library()
    _prepare(folder, kept.is_file())
    library.save(kept)  # the mark of a demo vault: first, so that an interrupted run can be run again
    with Simulator(library, limits=False) as service:
        click.echo(f"A sample library is served at {service.base_url} for as long as this takes.")
        report = _export(folder.resolve(), service.base_url, service.token)
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
    from vaultsync.statedir import OVERRIDE

    # With an address and a token of its own, no secret of the user's is ever looked at. State is where every
    # vault's is, so that status, doctor and templates know this vault too.
    stand = workspace.Stand({"readwise": base_url}, {"readwise": token})
    env = {"VAULTSYNC_PLUGINS": ""} | {name: value for name, value in os.environ.items() if name == OVERRIDE}
    with workspace.opened(root, env=env, progress=on_terminal(), stand=stand, writing="vaultsync demo") as opened:
        return run(opened, "export", pull=Options())


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
