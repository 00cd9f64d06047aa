"""Tables, from records alone."""
