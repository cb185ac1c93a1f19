"""Library.base: the library as views of Obsidian Bases, by the properties the default templates write. No I/O.

The file is its user's from the day it is written: it is made once, and never written over.
"""

from __future__ import annotations

from dataclasses import dataclass

import yaml

FILE = "Library.base"


@dataclass(frozen=True, slots=True)
class View:
    """One view. where: its filter; columns: in order; newest: the date it is sorted by, last day first; by: its groups.

    Properties as Bases names them: "note.author" stands in the note, "file.name" is of the file.
    """

    name: str
    where: str
    columns: tuple[str, ...]
    newest: str = ""
    by: str = ""

    def as_yaml(self) -> dict[str, object]:
        """What Obsidian reads."""
        view: dict[str, object] = {"type": "table", "name": self.name}
        if self.where:
            view["filters"] = self.where
        if self.by:
            view["groupBy"] = {"property": self.by, "direction": "ASC"}
        view["order"] = list(self.columns)
        if self.newest:
            view["sort"] = [{"property": self.newest, "direction": "DESC"}]
        return view


_SAVED = ("file.name", "note.author", "note.category", "note.published", "note.created", "note.tags")
_READ = ("file.name", "note.author", "note.category", "note.highlights", "note.highlighted")

# Reader's own places by their own names, then what Reader has no place for.
VIEWS = (
    *(
        View(name, f'note.view == "{view}"', _SAVED, newest="note.created")
        for name, view in (
            ("Inbox", "inbox"),
            ("Later", "later"),
            ("Shortlist", "shortlist"),
            ("Archive", "archive"),
            ("Feed unseen", "feed-unseen"),
            ("Feed seen", "feed-seen"),
        )
    ),
    View("By author", 'file.hasProperty("author")', _READ, by="note.author"),
    View("Recently highlighted", 'file.hasProperty("highlighted")', _READ, newest="note.highlighted"),
    View("Conflicts", "note.vaultsync_conflicts > 0", ("file.name", "note.vaultsync_conflicts", "note.author")),
)


def library_base() -> str:
    """The text of the file: every note that has a vaultsync_id, wherever its user has moved it."""
    base = {
        "filters": {"and": ['file.hasProperty("vaultsync_id")']},
        "properties": {
            "note.highlighted": {"displayName": "last highlighted"},
            "note.vaultsync_conflicts": {"displayName": "conflicts"},
        },
        "views": [view.as_yaml() for view in VIEWS],
    }
    return yaml.safe_dump(base, sort_keys=False, allow_unicode=True, width=120)
