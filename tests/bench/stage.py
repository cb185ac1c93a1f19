"""Where a benchmark takes place: one folder, in it a new vault and state for each run, deleted only at the end."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from tests.bench.process import VAULTSYNC, Took, run
from tests.bench.service import Service

_TOML = '[notes]\ntemplates = "{templates}"\n\n[sources.readwise]\nbase_url = "{url}"\n{source}'
_ID = re.compile(rb'^vaultsync_id: "?readwise:(\d+)"?$', re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Sizes:
    """How large a benchmark is: books in a small, a usual and a large library, highlights in each, runs of each."""

    small: int
    usual: int
    large: int
    highlights: int
    runs: int


@dataclass
class Vault:
    """A vault of one run's own, with its state beside it."""

    root: Path

    @property
    def env(self) -> dict[str, str]:
        """What a command has to be told to find it all; nothing of the user's own."""
        return {
            "VAULTSYNC_VAULT": str(self.root / "vault"),
            "VAULTSYNC_STATE_DIR": str(self.root / "state"),
            "VAULTSYNC_CONFIG_DIR": str(self.root / "config"),
            "VAULTSYNC_PLUGINS": "",
            "READWISE_TOKEN": "demo-token",
        }

    def command(self, *args: str) -> Took:
        """Run vaultsync."""
        return run([*VAULTSYNC, *args], self.env)

    def notes(self) -> Iterator[Path]:
        """Every note."""
        return (self.root / "vault/Readwise").rglob("*.md")


@dataclass
class Stage:
    """What the rows share. last: the vault that was filled last."""

    folder: Path
    sizes: Sizes
    service: Service
    last: Vault = field(init=False)
    _numbers: Iterator[int] = field(default_factory=count)
    _vaults: dict[int, Vault] = field(default_factory=dict)

    def new_folder(self) -> Path:
        """A name that is free; nothing there is deleted before the end, for that slows down whoever writes next."""
        return self.folder / f"run-{next(self._numbers)}"

    def new_vault(self, url: str, *, source: str = "", template: str = "") -> Vault:
        """A vault for the account at an address, nothing exported yet. source: lines of its section."""
        vault = Vault(self.new_folder())
        (vault.root / "vault").mkdir(parents=True)
        (vault.root / "state").mkdir()
        toml = _TOML.format(url=url, source=source, templates="T" if template else "")
        (vault.root / "vault/vaultsync.toml").write_text(toml)
        if template:
            (vault.root / "vault/T").mkdir()
            (vault.root / "vault/T/document.md").write_text(template)
        return vault

    def exported(self, books: int) -> Vault:
        """A vault that is up to date, the same one whenever asked for."""
        if books not in self._vaults:
            self.fresh(books)()
        return self._vaults[books]

    def fresh(self, books: int, template: str = "") -> Callable[[], Took]:
        """A run that exports so many books into a new vault, which is then the last."""

        def export() -> Took:
            self.last = self.new_vault(self.service.urls[books], template=template)
            took = self.last.command("export", "--json")
            if not template:
                self._vaults.setdefault(books, self.last)
            return took

        return export


def by_page(vault: Vault) -> list[tuple[Path, bytes]]:
    """Every note with its text, in the order of the export: highest id first."""
    texts = [(path, path.read_bytes()) for path in vault.notes()]
    return sorted(texts, key=lambda pair: -_id(pair[1]))


def _id(text: bytes) -> int:
    found = _ID.search(text)
    assert found is not None
    return int(found[1])
