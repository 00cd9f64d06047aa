"""What holds everywhere."""

SEED = 20240700968  # the paper's arXiv number; what is drawn once and for all is drawn by it
