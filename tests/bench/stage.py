"""Where a benchmark takes place: a folder for everything, a new vault and state for each run, deleted only at the end."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from tests.bench.process import VAULTSYNC, Took, run
from tests.bench.service import Service

_TOML = '[sources.readwise]\nbase_url = "{url}"\n'
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
        return (self.root / "vault").rglob("*.md")


@dataclass
class Stage:
    """What the rows share. vaults: those that are there for several rows, by what they are."""

    folder: Path
    sizes: Sizes
    service: Service
    _numbers: Iterator[int] = field(default_factory=count)
    _vaults: dict[int, Vault] = field(default_factory=dict)

    def new_folder(self) -> Path:
        """A name that is free; nothing there is deleted before the end, for that slows down whoever writes next."""
        return self.folder / f"run-{next(self._numbers)}"

    def new_vault(self, books: int) -> Vault:
        """A vault for an account with so many books, nothing exported yet."""
        vault = Vault(self.new_folder())
        (vault.root / "vault").mkdir(parents=True)
        (vault.root / "state").mkdir()
        (vault.root / "vault/vaultsync.toml").write_text(_TOML.format(url=self.service.urls[books]))
        return vault

    def exported(self, books: int) -> Vault:
        """A vault that is up to date, the same one whenever asked for."""
        if books not in self._vaults:
            vault = self.new_vault(books)
            vault.command("export", "--json")
            vault.command("export", "--json")
            self._vaults[books] = vault
        return self._vaults[books]

    def keep(self, books: int, vault: Vault) -> None:
        """Let a vault some row has filled anyway be the one that is up to date."""
        self._vaults.setdefault(books, vault)

    def fresh(self, books: int) -> Callable[[], Took]:
        """A run that exports so many books into a new vault."""

        def export() -> Took:
            vault = self.new_vault(books)
            took = vault.command("export", "--json")
            self.keep(books, vault)
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
