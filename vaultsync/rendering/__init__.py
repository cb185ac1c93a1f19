"""A document to the text of its note, through templates, with the place of every value."""
