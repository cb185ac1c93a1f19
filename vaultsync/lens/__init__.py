"""Reading values back out of edited notes, whatever the template: the `get` of the lens. No I/O."""
