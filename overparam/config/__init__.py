"""Studies, scales and recipes, from params.yaml, and where their files lie."""
