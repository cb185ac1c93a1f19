"""Keep a reading service and an Obsidian vault telling the same story."""

__version__ = "0.1.0"
