"""The examples run as they stand."""

import os
import runpy
import sys

import numpy as np
import pytest
from networks import ROOT

from overparam.cli import main


def test_features_of_torchvision_networks_are_saved_and_compared(tmp_path, monkeypatch, capsys):
    script = ROOT / "examples" / "torchvision_digits.py"
    assert os.access(script, os.X_OK)
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(sys, "argv", [str(script), str(tmp_path)])
    runpy.run_path(str(script), run_name="__main__")
    assert np.load(tmp_path / "r2" / "wide.npy").shape == (600, 64)
    assert np.load(tmp_path / "r0" / "narrow-7.npy").shape == (600, 16)
    out = capsys.readouterr().out
    assert "M_1: 64 features; S_1/4: 4 × 16 features fitted on 300 examples" in " ".join(out.split())
    monkeypatch.setattr(sys, "argv", ["overparam", "compare", str(tmp_path), "--report", str(tmp_path / "page")])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 0
    assert f"{tmp_path / 'page' / 'index.html'} is written" in capsys.readouterr().out
    for claim in ("span-over", "span-under", "performance", "residuals-aid", "residuals-specific"):
        assert claim in out
