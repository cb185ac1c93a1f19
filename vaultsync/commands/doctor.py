"""vaultsync doctor: look for what could keep vaultsync from working, and say what to do about it."""

from __future__ import annotations

import os
from collections import Counter

import click

from vaultsync.commands.options import find_vault, json_option, print_json, vault_option
from vaultsync.commands.saying import say


@click.command()
@vault_option
@click.option("--offline", is_flag=True, help="Ask no service whether it takes the token.")
@json_option
def command(vault: str | None, *, offline: bool, as_json: bool) -> int:
    """Check machine, vault, configuration, templates, tokens, state and notes. Changes nothing.

    Exits 1 if there is a problem; a warning is none.
    """
    from dataclasses import asdict

    from vaultsync.checkup import examine

    findings = examine(lambda: find_vault(vault), os.environ, offline=offline)
    if as_json:
        found = list(findings)
        print_json({"findings": [asdict(each) for each in found]})
        return 1 if any(each.level == "problem" for each in found) else 0
    levels: Counter[str] = Counter()
    # Told as they are found: a service that does not answer takes its time.
    for each in findings:
        levels[each.level] += 1
        say(f"{each.level:8} {each.about:10} {each.says}")
        if each.todo:
            say(f"{'':20}{each.todo}")
    say(f"{_count(levels['problem'], 'problem')}, {_count(levels['warning'], 'warning')}.")
    return 1 if levels["problem"] else 0


def _count(number: int, what: str) -> str:
    """Count in words.

    >>> _count(1, "problem"), _count(0, "warning")
    ('1 problem', '0 warnings')
    """
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
