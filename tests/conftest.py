"""Tests that take minutes run only when they are asked for, ``pytest -m slow``; and the command line as a fixture."""

import sys

import pytest

pytest_plugins = ["pytester"]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if "slow" in config.getoption("markexpr"):
        return
    slow = [item for item in items if item.get_closest_marker("slow")]
    config.hook.pytest_deselected(items=slow)
    items[:] = [item for item in items if item not in slow]


@pytest.fixture
def command_line(monkeypatch, capsys):
    """Run the command line in this process: exit code and what it printed."""
    from overparam import cli

    def invoke(*words):
        monkeypatch.setattr(sys, "argv", ["overparam", *words])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        captured = capsys.readouterr()
        return ended.value.code, captured.out, captured.err

    return invoke
