"""The plugin host: which plugins there are, asking each on its own, checking what it answers."""
