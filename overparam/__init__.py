"""How does overparameterization affect features? The paper's claims (arXiv 2407.00968) as tests that measure them."""

from importlib.metadata import version

import lazy_loader

# Names and their homes stand in __init__.pyi, for editors too; loaded on first use: reading records must load no torch.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
__version__ = version("overparam")
