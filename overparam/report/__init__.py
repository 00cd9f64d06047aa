"""What people read: made from records and verdicts alone."""
