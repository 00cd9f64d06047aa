"""What is of this repository alone: that its own records are judged, and what its options were called before."""

from pathlib import Path

import pytest

from overparam.pytest_plugin.hearing import begin
from overparam.pytest_plugin.options import add_old_names


def pytest_addoption(parser: pytest.Parser) -> None:
    add_old_names(parser)


def pytest_configure(config: pytest.Config) -> None:
    begin(config, Path(__file__).parent.parent)
