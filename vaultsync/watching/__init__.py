"""The sync in a loop, and having the system keep it running."""
