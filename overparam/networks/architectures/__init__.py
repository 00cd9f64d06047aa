"""One file an architecture, named as the architecture is."""
