"""The command line: commands by name, and the one place where trouble becomes a message and an exit code.

Only click is imported here, and a command's module when it is called for: "vaultsync --help" answers at once. What
no command of ours is called is looked for among the plugins' commands; only then are they loaded.
Exit codes: 0 done; 1 something failed, the rest was done; 2 usage or configuration; 3 done, but the user must
decide something; 130 interrupted.
"""

from __future__ import annotations

import os
import sys
from typing import Any, TextIO, cast

import click

from vaultsync import __version__
from vaultsync.commands.saying import say
from vaultsync.errors import PluginError, VaultsyncError
from vaultsync.host import commands as plugin_commands

# name -> module with a `command` in it, and its line in --help; in the order of a first day.
COMMANDS = {
    "demo": ("vaultsync.commands.demo", "Try vaultsync on a sample library, without a token."),
    "init": ("vaultsync.commands.init", "Make a vault vaultsync's: write its vaultsync.toml."),
    "auth": ("vaultsync.commands.auth", "Check a source's token and keep it safe."),
    "adopt": ("vaultsync.commands.adopt", "Take over notes another program made."),
    "export": ("vaultsync.commands.export", "Write what your sources hold into notes."),
    "push": ("vaultsync.commands.push", "Send what you changed in notes to your sources."),
    "sync": ("vaultsync.commands.sync", "Both: export, then push."),
    "watch": ("vaultsync.commands.watch", "Both, for as long as it runs."),
    "status": ("vaultsync.commands.status", "Say what the last runs did and what waits for you."),
    "diff": ("vaultsync.commands.diff", "Show what you changed in notes."),
    "resolve": ("vaultsync.commands.resolve", "Show the conflicts of a note, or answer them for one side."),
    "undo": ("vaultsync.commands.undo", "Take back what the last run did."),
    "restore": ("vaultsync.commands.restore", "Bring back a note or a block you deleted."),
    "add": ("vaultsync.commands.add", "Make a highlight of a passage."),
    "save": ("vaultsync.commands.save", "Save addresses into Reader, linkding, or another service."),
    "assets": ("vaultsync.commands.assets", "List, fetch, send and delete files kept with a document."),
    "review": ("vaultsync.commands.review", "Write today's Daily Review as a note."),
    "templates": ("vaultsync.commands.templates", "List, check, preview and copy templates."),
    "plugins": ("vaultsync.commands.plugins", "Say which plugins are loaded, and what they bring."),
    "service": ("vaultsync.commands.service", "Keep a watcher running: install, uninstall, status."),
    "doctor": ("vaultsync.commands.doctor", "Look for what could keep vaultsync from working."),
}

# What came of the search for a plugin's command.
_FOUND = "vaultsync.found"


class Commands(click.Group):
    """A group that knows its commands by name and imports one only to run it."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Name every command, in the order of a first day."""
        return [*COMMANDS, *(name for name, _ in plugin_commands.listed(os.environ))]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command called `cmd_name`, ours or a plugin's; None if there is none."""
        if cmd_name in COMMANDS:
            from importlib import import_module

            return cast(click.Command, import_module(COMMANDS[cmd_name][0]).command)
        found = plugin_commands.find(cmd_name, os.environ, own=COMMANDS)
        ctx.meta[_FOUND] = found
        return found.command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command to run, or say which one may have been meant."""
        name = args[0]
        if name.startswith("-"):
            return super().resolve_command(ctx, args)
        command = self.get_command(ctx, name)
        if command is None:
            failures = "".join(f"\n{failure}" for failure in ctx.meta[_FOUND].failures)
            raise click.UsageError(f"There is no command {name!r}.{_meant(name)}{failures}", ctx)
        return name, command, args[1:]

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; a mistake in a plugin's is told as the plugin's."""
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort, VaultsyncError, BrokenPipeError):
            raise
        except Exception as error:  # the plugin boundary; what is ours goes on to the last one
            found = ctx.meta.get(_FOUND)
            if found is None:
                raise
            message = f"plugin {found.plugin}: its command {ctx.invoked_subcommand} failed"
            hint = "Run it again with VAULTSYNC_DEBUG=1 to see where, and tell the plugin's author."
            raise PluginError(f"{message}: {type(error).__name__}: {error}.", plugin=found.plugin, hint=hint) from error

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's
        """Write the list of commands from the table, and from what is remembered of plugins; none is loaded."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (_, summary) in COMMANDS.items()])
        plugins = list(plugin_commands.listed(os.environ))
        if plugins:
            with formatter.section("Commands of plugins"):
                formatter.write_dl(plugins)


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog='"vaultsync COMMAND --help" tells more about each. Options stand after the command.',
)
@click.version_option(__version__, prog_name="vaultsync", message="%(prog)s %(version)s")
def vaultsync() -> None:
    """Keep a reading service and an Obsidian vault telling the same story."""


def run(given: list[str]) -> int:
    """Run one command line, without the program's name, and return its exit code."""
    try:
        for stream in (sys.stdout, sys.stderr):
            _never_fail_on_a_letter(stream)
        code = vaultsync.main(given, prog_name="vaultsync", standalone_mode=False)
        sys.stdout.flush()
    except BrokenPipeError:
        return _pipe_closed()
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        say("Interrupted. What was written is whole; the next run goes on from there.", err=True)
        return 130
    except VaultsyncError as error:
        return _stopped(error, as_json="--json" in given)
    except Exception as error:  # noqa: BLE001 - the last boundary: whatever it is, the user gets a sentence
        return _bug(error)
    return code if isinstance(code, int) else 0


def _stopped(error: VaultsyncError, *, as_json: bool) -> int:
    """Say what vaultsync stopped for; also on stdout for whoever asked for JSON there."""
    if as_json:
        import json

        click.echo(json.dumps({"errors": [{"message": error.message, "hint": error.hint}]}))
    say(f"Error: {error.message}", err=True)
    if error.hint:
        say(error.hint, err=True)
    if os.environ.get("VAULTSYNC_DEBUG"):
        _show_traceback()
    return error.exit_code


def _bug(error: Exception) -> int:
    """Own up to a defect, in a line; with VAULTSYNC_DEBUG, in full."""
    say(f"Error: {type(error).__name__}: {error}", err=True)
    if os.environ.get("VAULTSYNC_DEBUG"):
        _show_traceback()
        return 1
    say("This is a bug in vaultsync. Run it again with VAULTSYNC_DEBUG=1 to see where, and report that.", err=True)
    return 1


def _show_traceback() -> None:
    import traceback

    click.echo(traceback.format_exc().rstrip(), err=True)


def _meant(name: str) -> str:
    import difflib

    names = [*COMMANDS, *(each for each, _ in plugin_commands.listed(os.environ))]
    close = difflib.get_close_matches(name, names, n=2, cutoff=0.5)
    return f" Did you mean {' or '.join(repr(each) for each in close)}?" if close else ""


def _never_fail_on_a_letter(stream: TextIO) -> None:
    """Show a title the terminal's encoding lacks with question marks, instead of ending the run."""
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure is not None:
        reconfigure(errors="replace")


def _pipe_closed() -> int:
    """Whoever read our output has heard enough ("vaultsync status | head"): leave quietly."""
    # Python flushes stdout once more on its way out and would complain about it.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 1
