"""Networks of scaled width, trained many at a time, and their features."""

import lazy_loader

# Loaded on first use: names of architectures are asked for where no torch is.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
