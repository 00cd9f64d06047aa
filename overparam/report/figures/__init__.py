"""Figures, from records alone."""
