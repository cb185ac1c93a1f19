"""Three versions to one: fields first, then text, block by block; and conflicts. No I/O."""
