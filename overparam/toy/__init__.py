"""The paper's toy setting: why narrow networks lose a feature."""
