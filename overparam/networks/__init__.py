"""Networks of scaled width, trained many at a time, and their features."""
