"""`vaultsync add`: make a highlight of a passage, in a document that has a note."""

from __future__ import annotations

import os

import click

from vaultsync.commands.options import commands_option, find_vault, json_option, show_report, vault_option


class _Dashed(click.Command):
    """Takes a passage that begins with a dash for an option, as any command would, but says what to do."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse, with that advice."""
        try:
            return super().parse_args(ctx, args)
        except click.NoSuchOption as error:
            advice = 'A passage that begins with a dash goes behind two: vaultsync add NOTE -- "-..."'
            raise click.UsageError(f"{error.format_message()} {advice}", ctx) from error


@click.command("add", cls=_Dashed)
@click.argument("wanted", metavar="NOTE")
@click.argument("text")
@click.option("--note", default="", metavar="TEXT", help="Its note, on one line.")
@click.option("--tag", "tags", multiple=True, metavar="TAG", help="Give it this tag; may be given again.")
@commands_option
@json_option
@vault_option
def command(  # noqa: PLR0913  # one parameter an option
    *,
    wanted: str,
    text: str,
    note: str,
    tags: tuple[str, ...],
    allow_commands: bool,
    as_json: bool,
    vault: str | None,
) -> int:
    """Make TEXT a highlight of the document whose note is NOTE (its path, vaultsync_id or address).

    It is put at the end of the note, and sent with what else was typed there. If there is no connection, it waits in
    the note for the next push.
    """
    from vaultsync import progress, workspace
    from vaultsync.hookspecs import NewHighlight
    from vaultsync.push import PushOptions
    from vaultsync.runs import run
    from vaultsync.sending.marking import mark

    new = NewHighlight(text.strip("\r\n"), " ".join(note.split()), tags)
    shown = progress.silent if as_json else progress.on_terminal()
    with workspace.opened(find_vault(vault), env=os.environ, progress=shown, writing="vaultsync add") as opened:
        identity = mark(opened, wanted, new, allow_commands=allow_commands)
        options = PushOptions(only=(identity,), allow_commands=allow_commands)
        report = run(opened, "add", push=options)
    return show_report(report, as_json=as_json)
