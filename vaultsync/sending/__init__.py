"""From what was changed in notes to what is sent: edits, new highlights, deletions."""
