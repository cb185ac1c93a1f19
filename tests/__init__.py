"""The tests read like the spec; each file covers one part of it."""
