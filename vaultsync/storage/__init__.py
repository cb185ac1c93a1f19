"""What is remembered between runs, outside of the vault; and one writer."""
