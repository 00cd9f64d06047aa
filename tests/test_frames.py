"""Records and comparisons as tidy tables of pandas."""

import subprocess
import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from records import synthetic_record
from test_compare import compared

from overparam.study.feature_blocks import M_1, M_1_PRIME
from overparam.study.quantities import FP, FSE, alone


def test_a_record_has_a_row_for_each_quantity_in_each_replicate():
    record = synthetic_record({"over": [0.1, 0.2, 0.3, 0.4, 0.5]}, replicates=3)  # another at every penalty factor
    frame = record.to_frame()
    quantities = [name for sample in record.samples.values() for name in sample.quantities]
    assert len(frame) == 3 * len(quantities) == len(frame.drop_duplicates(["quantity", "replicate"]))
    for name in quantities:
        rows = frame[frame["quantity"] == name]
        np.testing.assert_array_equal(rows["replicate"], record.replicates)
        np.testing.assert_array_equal(rows["value"], record.effect(alone(name)).values)
    assert set(frame["sample"]) == set(record.samples)
    assert {tuple(row) for row in frame[["task", "arch", "scale"]].to_numpy()} == {("digits", "resnet18", "smoke")}


def test_a_record_says_the_penalties_at_which_its_values_were_taken():
    frame = synthetic_record().to_frame().set_index("quantity")
    span, performance = frame.loc[str(FSE(M_1_PRIME, M_1))], frame.loc[str(FP(M_1))]
    assert set(span["ridge_penalty"]) == set(performance["probe_penalty"]) == {1e-3}
    assert span["probe_penalty"].isna().all()
    assert performance["ridge_penalty"].isna().all()


def test_a_record_that_measured_nothing_has_the_same_columns():
    record = synthetic_record()
    empty = replace(record, samples={}).to_frame()
    assert len(empty) == 0
    assert list(empty.columns) == list(record.to_frame().columns)


@pytest.mark.parametrize("count", [1, 2])
def test_a_comparison_has_a_row_for_each_judgement(count):
    comparison = compared(count=count)
    frame = comparison.to_frame()
    assert len(frame) == len(comparison.judgements) > 0
    for (_, row), judgement in zip(frame.iterrows(), comparison.judgements, strict=True):
        assert (row["claim"], row["verdict"], row["why"]) == (judgement.claim, judgement.verdict, judgement.why)
        assert (row["effect"], row["margin"], row["replicates"]) == (judgement.effect, judgement.margin, count)
        assert (row["p_value"], row["p_value_against"]) == (judgement.p_value, judgement.p_value_against)
        assert np.isnan(row["lower"]) if count == 1 else row["lower"] == judgement.lower < row["upper"]
        assert row["alpha"] == 0.25
    assert all(pd.api.types.is_float_dtype(frame[name]) for name in ("alpha", "effect", "lower", "upper", "margin"))


def test_a_trend_has_no_alpha():
    comparison = compared()
    trend = replace(comparison.judgements[0], alpha=None, width=None)
    frame = replace(comparison, judgements=(trend,)).to_frame()
    assert frame["alpha"].isna().all()
    assert frame["width"].isna().all()


def test_pandas_is_loaded_by_tables_alone():
    program = "import sys, overparam; overparam.Record, overparam.compare_networks; print('pandas' in sys.modules)"
    run = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True)
    assert run.stdout.strip() == "False"
