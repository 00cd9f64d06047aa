"""Feature span error, feature performance and residuals, by NumPy and SciPy alone."""
