"""The claims on networks of one's own."""
