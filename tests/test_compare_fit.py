"""How well networks of one's own fit, as arrays and in a folder beside them."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from features import QUARTER
from test_compare import LABELS, MARGINS
from test_compare_problems import dead, replicates, run
from typer.testing import CliRunner

from overparam.cli.app import app
from overparam.compare.inputs import read_folder
from overparam.errors import ArtifactError
from overparam.report.page import write_page
from overparam.report.settings import Setting


def fitting(narrow):
    accuracies = {"wide": 0.99, "baseline": 0.98, **{f"narrow-{k}": narrow for k in range(8)}}
    return {name: replace(n, train_accuracy=accuracies) for name, n in replicates().items()}


@pytest.mark.parametrize(("narrow", "marked"), [(0.5, True), (0.975, False)])
def test_training_accuracies_mark_what_is_at_unequal_fit(narrow, marked, tmp_path):
    found = run(fitting(narrow))
    assert {judgement.confounded for judgement in found.judgements if judgement.claim == "span-over"} == {marked}
    assert f"mean training accuracy: 98.5% at α = 1, {narrow:.1%} at α = 1/4" in found.notes[-1]
    page = write_page([Setting.of_own(found)], MARGINS, tmp_path).read_text("utf-8")
    assert ("refuted ᶜ" in page or "inconclusive ᶜ" in page or "holds ᶜ" in page) == marked


def test_without_all_of_them_nothing_is_marked_and_the_notes_say_so():
    given = fitting(0.5)
    given["r0"] = replace(given["r0"], train_accuracy={"wide": 0.9})
    found = run(given)
    assert not any(judgement.confounded for judgement in found.judgements)
    assert (
        "no claim is marked confounded where training accuracies are unknown, which they are at α = 1, 1/4"
        in (found.notes[-1])
    )


@pytest.fixture
def folder(tmp_path):
    for name, n in replicates().items():
        (tmp_path / name).mkdir()
        for network, array in n.named().items():
            np.save(tmp_path / name / f"{network}.npy", array)
    np.save(tmp_path / "labels.npy", LABELS)
    return tmp_path


def test_training_accuracies_and_missing_baselines_are_read_from_a_folder(folder):
    (folder / "r0" / "baseline.npy").unlink()
    (folder / "r0" / "meta.json").write_text('{"train_accuracy": {"wide": 0.9, "narrow-3": 1}}')
    found, _ = read_folder(folder)
    assert found["r0"].baseline is None
    assert found["r0"].train_accuracies(QUARTER)[2:4] == pytest.approx([np.nan, 1.0], nan_ok=True)
    assert (found["r0"].train_accuracies(Fraction(1)), found["r1"].train_accuracy) == ([0.9], {})


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            '{"train_accuracy": {"wide": 99.8}}',
            "train_accuracy.wide is refused: Input should be less than or equal to 1",
        ),
        ('{"train_accuracy": {"wide": "high"}}', "train_accuracy.wide must be a finite number, not 'high'"),
        ("{}", "(it lacks train_accuracy)"),
        ('{"train_accuracy": {}, "accuracy": 1}', "has unknown accuracy"),
        ("{", "does not tell training accuracies"),
        ('{"train_accuracy": {"wider": 0.9}}', "tells of wider, of which"),
    ],
)
def test_a_file_of_accuracies_that_is_none_is_one_sentence(folder, text, sentence):
    (folder / "r0" / "meta.json").write_text(text)
    with pytest.raises(ArtifactError) as raised:
        read_folder(folder)
    assert sentence in str(raised.value)
    assert "\n" not in str(raised.value)


def test_the_command_takes_strict_and_no_baseline(folder):
    (folder / "r0" / "baseline.npy").unlink()
    np.save(folder / "r1" / "wide.npy", dead(8))
    ran = CliRunner().invoke(app, ["compare", str(folder)])
    assert ran.exit_code == 0, ran.output
    assert "decides nothing: " in ran.output
    strict = CliRunner().invoke(app, ["compare", str(folder), "--strict"])
    assert "block M_1 does not vary" in str(strict.exception)
