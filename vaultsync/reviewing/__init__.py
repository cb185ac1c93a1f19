"""A daily review as a document of its source, whose highlights are those of other documents."""
