"""From features to a record: what is measured, on which networks, and what it is of."""
