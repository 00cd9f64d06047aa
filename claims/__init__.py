"""The claims as tests; a wheel holds them as `overparam.claims`."""
