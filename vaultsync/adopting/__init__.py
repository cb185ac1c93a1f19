"""Taking over notes that other programs made."""
