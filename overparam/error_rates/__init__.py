"""The judge on trial: worlds whose truth is known, and how often it may be wrong about them."""
