from .registry import Network as Network
from .registry import build as build
