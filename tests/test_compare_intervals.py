"""The script that compares intervals in worlds whose truth is known, and the page that it writes."""

import json
import runpy

import numpy as np
import pytest
import scipy.stats
from networks import ROOT

from overparam.metrics.stats import Effect

SCRIPT = runpy.run_path(str(ROOT / "scripts" / "compare_intervals.py"))
INTERVALS, RESAMPLED, KINDS, SHARES = (SCRIPT[name] for name in ("INTERVALS", "RESAMPLED", "KINDS", "SHARES"))
FEW = {"blocks": 1, "replicates": (3,)}


@pytest.fixture(scope="module")
def few():
    return SCRIPT["simulate"](**FEW)


def test_every_interval_is_in_every_cell_with_its_monte_carlo_error(few):
    cells = [(row["interval"], row["kind"], row["R"], row["shared"]) for row in few["rows"]]
    assert len(set(cells)) == len(cells) == (len(INTERVALS) + len(RESAMPLED)) * len(KINDS) * len(SHARES)
    assert few["worlds"] == 100
    for row in few["rows"]:
        assert row["size_error"] == pytest.approx((row["size"] * (1 - row["size"]) / 100) ** 0.5, abs=1e-5)
        assert row["size"] <= row["power"]


def test_the_same_worlds_give_the_same_numbers(few):
    assert SCRIPT["simulate"](**FEW) == few


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("share", SHARES)
def test_worlds_have_the_variance_and_the_shared_part_that_they_say(kind, share):
    parts = [SCRIPT["draw_parts"](kind, 5, block) for block in range(10)]
    contributions = np.concatenate([SCRIPT["compose"](part, kind, share) for part in parts])
    means = contributions.mean(axis=(1, 2))
    tolerance = 0.4 if kind == "t₃" else 0.15  # its variance converges slowly
    assert means.var() == pytest.approx(SCRIPT["VARIANCE"], rel=tolerance)
    pairs = [Effect.of(world).shared for world in contributions[::10]]
    shared = np.mean([(pair.sum() - np.trace(pair)) / 20 for pair in pairs])
    assert shared == pytest.approx(share * SCRIPT["VARIANCE"], rel=0.05, abs=0.01 * SCRIPT["VARIANCE"])


def test_intervals_are_what_they_are_called():
    contributions = np.random.default_rng(0).standard_normal((4, 300)) + np.arange(4)[:, None] / 5
    effect = Effect.of(contributions)
    of_seeds = scipy.stats.ttest_1samp(effect.values, 0).confidence_interval(0.9).low
    of_examples = scipy.stats.norm.ppf(0.05, effect.mean, scipy.stats.sem(contributions.mean(axis=0)))
    shared = np.mean([np.cov(contributions)[r, s] for r in range(4) for s in range(r)]) / 300
    before = effect.mean + scipy.stats.t.ppf(0.05, 3) * (effect.values.var(ddof=1) / 4 + max(0, shared)) ** 0.5
    bounds = {name: interval(effect, 0.05) for name, interval in INTERVALS.items()}
    assert list(bounds.values()) == pytest.approx([effect.lower, before, of_seeds, of_examples])


@pytest.mark.parametrize(("name", "kept"), [("whole networks", True), ("rliable", False)])
def test_resamples_are_means_that_keep_the_spread_of_seeds_or_lose_it(name, kept):
    """Runs drawn anew for every example, as for tasks with runs of their own, average out what seeds differ by."""
    (draw,) = (draw for title, draw in RESAMPLED.items() if name in title)
    weights = draw(np.random.default_rng(0), 3)
    assert weights.sum(axis=1) == pytest.approx(1)
    of_seeds = weights.reshape(len(weights), 3, -1).sum(axis=2) @ [0.0, 1.0, 2.0]
    expected = ((2 / 3) / 3) ** 0.5  # of means of three seeds, drawn with replacement
    assert of_seeds.std() == pytest.approx(expected, rel=0.1) if kept else of_seeds.std() < 0.1 * expected


def test_figure_and_tables_are_of_the_numbers(few, tmp_path):
    SCRIPT["draw_figure"](few, tmp_path / "few.svg")
    assert (tmp_path / "few.svg").read_text(encoding="utf-8").count("<svg") == 1
    written = SCRIPT["tables"](few)
    assert all(name in written for name in (*INTERVALS, *RESAMPLED))


@pytest.fixture(scope="module")
def recorded():
    return json.loads((ROOT / "docs" / "figures" / "intervals.json").read_text(encoding="utf-8"))


def test_the_page_has_the_tables_of_the_file(recorded):
    assert SCRIPT["tables"](recorded) in (ROOT / "docs" / "intervals.md").read_text(encoding="utf-8")


def test_the_page_says_what_the_file_shows(recorded):
    def of(place, rate, **at):
        name = (*INTERVALS, *RESAMPLED)[place]
        rows = [row for row in recorded["rows"] if row["interval"] == name and at.items() <= row.items()]
        return np.array([row[rate] for row in rows])

    wrong = [sum(SCRIPT["too_often"](recorded, r) for r in recorded["rows"] if r["interval"] == n) for n in INTERVALS]
    assert wrong[:2] == [0, 0]
    assert of(0, "size").max() == pytest.approx(0.063, abs=5e-4)
    assert of(0, "power", R=3, shared=0.9).min() >= 0.9
    assert of(1, "power", R=3, shared=0.9).max() <= 0.55
    for kind in set(KINDS) - {"seeds alike"}:
        lost = of(0, "power", kind=kind, shared=0.0) - of(1, "power", kind=kind, shared=0.0)
        assert np.abs(lost).max() < 0.0025
    assert (np.diff(of(2, "size").reshape(-1, len(SHARES))) > 0).all()
    assert [of(place, "size").max().round(2) for place in (2, 3, 4, 5)] == [0.31, 0.43, 0.15, 0.39]
    three = [of(place, "power", kind=k, R=3, shared=0.0).item() for k in ("t₃", "bad run") for place in (4, 0)]
    assert three == pytest.approx([0.93, 0.71, 0.89, 0.60], abs=0.005)
    assert [of(p, "size", kind="as spans", R=3, shared=0.0).item() for p in (5, 3)] == pytest.approx(
        [0.38, 0.41], abs=0.005
    )
