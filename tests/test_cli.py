import json
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from networks import tiny_repository

from overparam.config.workspace import Workspace
from overparam.error_rates import acceptance
from overparam.io import files
from overparam.networks.kernels import Finding, Kernel
from overparam.pipeline import doctor, stages
from overparam.pipeline.doctor import Diagnosis


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """A repository whose scale smoke is tiny, and beside it the current folder."""
    (tmp_path / "repository").mkdir()
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    return tiny_repository(tmp_path / "repository")


@pytest.fixture
def run(tmp_path, command_line):
    """Run the command line on that repository in this process: exit code and what it printed."""
    return lambda *words, root=tmp_path / "repository": command_line(*words, *(("--root", str(root)) if root else ()))


def test_every_stage_by_hand(tmp_path, repository, run):
    for alpha in ("1", "1/2", "1_4"):
        for replicate in ("0", "1"):
            assert run("train", "digits", "resnet18", alpha, replicate)[0] == 0
            assert run("features", "digits", "resnet18", alpha, replicate)[0] == 0
    code, out, err = run("measure", "digits", "resnet18")
    assert (code, err) == (0, "")
    assert "results/smoke/digits-resnet18.json is up to date" in out
    code, out, _ = run("judge", "digits", "--verdicts", "verdicts.json")
    assert code == 0
    assert "span-over (Fig. 1), digits-resnet18, smoke" in out
    rows = yaml.safe_load((tmp_path / "elsewhere" / "verdicts.json").read_text())
    wanted = "claim task arch alpha scale evidence replicates effect lower upper margin verdict why"
    assert set(wanted.split()) <= set(rows[0])


def test_a_study_in_one_command(repository, run):
    code, out, err = run("study", "digits", "resnet18")
    assert (code, err) == (0, "")
    assert "Claims" in out
    assert not Workspace.at(repository).lacking(tiny_study_of(repository))
    code, out, _ = run("status")
    assert code == 0
    assert "6 of 6" in out
    path = str(repository / "results/smoke/digits-resnet18.json")
    code, out, _ = run("plan", path, "--power", "0.9", root=None)
    assert code == 0
    assert "To decide with a power of 0.9" in out
    cells = json.loads(run("plan", path, "--json", root=None)[1])
    assert set(cells[0]) == {"claim", "place", "effect", "lower", "upper", "margin", "replicates", "examples", "why"}
    studies = {row["study"]: row for row in json.loads(run("status", "--json")[1])}
    complete = studies["digits-resnet18 at scale smoke"]
    assert (complete["checkpoints"], complete["of"], complete["record"], complete["make"]) == (6, 6, True, "")


def tiny_study_of(repository):
    from overparam.config.studies import load_config

    return load_config(repository / "params.yaml").study("digits", "resnet18")


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["train", "digits", "resnet18", "0", "0"], 2, "width factor 0 is out of range"),
        (["train", "digits", "resnet18", "3", "0"], 2, "width factor 3 is out of range"),
        (["train", "digits", "lenet", "1", "0"], 2, "has no architecture 'lenet'"),
        (["train", "mnist", "resnet18", "1", "0"], 2, "there is no task 'mnist'"),
        (["judge", "digits", "--scale", "huge"], 2, "there is no scale 'huge'"),
        (["tokenizer", "nli"], 2, "has no tokenizer to train: only mnli has"),
        (["tokenizer", "mnli"], 1, "data/mnli: get it with `overparam data fetch mnli`"),
        (["tables", "nowhere.md"], 1, "there is no file nowhere.md"),
        (
            ["features", "digits", "resnet18", "1", "0"],
            1,
            "/repository/artifacts/checkpoints/smoke/digits-",
        ),
        (
            ["fit", "digits", "resnet18", "1", "0"],
            1,
            "/repository/artifacts/checkpoints/smoke/digits-",
        ),
        (["equal-fit", "digits", "resnet18"], 2, "has no budgets of epochs in params.yaml"),
        (["measure", "digits", "resnet18"], 1, "extract the features again"),
        (["judge", "digits"], 1, "there is no record"),
        (["train", "cifar", "resnet18", "1", "0", "--scale", "pilot"], 1, "overparam data fetch cifar --from DIR"),
        (["data", "fetch", "cifar", "--from", "nowhere"], 1, "must hold cifar10/ with train.parquet and test.parquet"),
        (["data", "fetch", "digits"], 1, "has nothing to fetch"),
    ],
)
def test_bad_input_is_one_sentence_and_an_exit_code(repository, run, arguments, code, sentence):
    assert_refused(run(*arguments), code, sentence)


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["plan", "nowhere.json"], 1, "there is no record nowhere.json"),
        (["tables", "page.md"], 1, "has no section <!-- tables SCALE -->"),
        (["status", "--root", "nowhere"], 2, "nowhere is no repository of overparam, as it has no params.yaml: name a"),
        (["study", "digits", "vgg16", "--root", "page.md"], 2, "page.md is no repository of overparam"),
        (["ls", "--root", ""], 2, ". is no repository of overparam"),
    ],
)
def test_so_is_input_of_no_repository(repository, run, arguments, code, sentence):
    Path("page.md").write_text("nothing to fill")
    assert_refused(run(*arguments, root=None), code, sentence)


def assert_refused(ended, code, sentence):
    got, _, err = ended
    assert got == code
    flat = " ".join(err.split())
    assert flat.startswith("error: ")
    assert sentence in flat
    assert "Traceback" not in err
    assert flat.count("error:") == 1


@pytest.mark.parametrize("met", [True, False])
def test_a_trial_of_the_judge_is_written_and_fails_where_a_count_is_not_met(repository, run, monkeypatch, met):
    row = {"world": "null", "claim": "performance", "R": 3, "worlds": 200, "counts": {"holds": 30, "error": 0}}
    rows = [{**row, "met": met}, {**row, "met": True}]
    monkeypatch.setattr(acceptance, "measure_error_rates", lambda **options: {"rows": rows, "met": met})
    code, out, _ = run("error-rates", "--to", "error-rates.json")
    assert code == (0 if met else 1)
    assert f"{1 + met} of 2 rows are as they must be" in out
    assert ("not met: null, performance, R = 3: 30 holds of 200" in out) == (not met)
    assert files.read_sealed(Path("error-rates.json"), "trial of the judge") == {"rows": rows, "met": met}


def test_an_unknown_option_is_a_usage_error(repository, run):
    code, _, err = run("judge", "digits", "--no-such-option")
    assert code == 2
    assert "No such option" in err


def test_ctrl_c_in_training_says_how_to_go_on(repository, run, monkeypatch):
    def interrupt(*arguments, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr(stages, "train", interrupt)
    code, _, err = run("train", "digits", "resnet18", "1", "0")
    assert (code, "go on from the last finished epoch" in " ".join(err.split())) == (130, True)


def test_a_full_disk_is_one_sentence_and_loses_nothing(repository, run, monkeypatch):
    def full(handle):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.os, "fsync", full)
    code, _, err = run("train", "digits", "resnet18", "1", "0")
    assert code == 1
    assert "No space left on device" in " ".join(err.split())
    assert not [path for path in (repository / "artifacts").rglob("*") if path.is_file()]


def test_help_says_what_sections_are_filled(run):
    assert "<!-- error-rates -->" in run("tables", "--help", root=None)[1]


@pytest.mark.parametrize(
    "command",
    [[], ["ls"], ["doctor"], ["train"], ["features"], ["measure"], ["study"], ["judge"], ["status"], ["data", "fetch"]],
)
def test_help_has_an_example(run, command):
    code, out, _ = run(*command, "-h", root=None)
    assert (code, out) == (0, run(*command, "--help", root=None)[1])
    if command:
        assert "Example: overparam" in " ".join(out.replace("│", " ").split())


def test_the_doctor_examines_a_study_and_says_that_all_is_well(repository, run):
    code, out, err = run("doctor", "digits", "resnet18")
    assert (code, err) == (0, "")
    assert "digits-resnet18 at scale smoke" in out
    assert "every kernel gives what float64 gives, and the same bits twice" in out


WRONG = Finding(Kernel("fc at α = 1/4", "bmm", "2×50×8, 2×8×10", "float32"), "result 1", 0.5, False)
HUNG = "layer2.0.conv1 at α = 1: convolution hung: no answer in 180 s"


@pytest.mark.parametrize(
    ("diagnosis", "said"),
    [
        (Diagnosis((WRONG,), None), "fc at α = 1/4: bmm in float32, of 2×50×8, 2×8×10, by PyTorch"),
        (Diagnosis((), HUNG), f"digits-resnet18 at scale smoke: {HUNG}"),
    ],
)
def test_the_doctor_names_what_is_wrong_and_ends_with_1(repository, run, monkeypatch, diagnosis, said):
    monkeypatch.setattr(doctor, "diagnose", lambda step: diagnosis)
    for arguments in (["doctor"], ["doctor", "digits"], ["doctor", "digits", "resnet18"]):
        code, out, _ = run(*arguments)
        assert code == 1
        assert said in out
        assert "every kernel" not in out


def test_the_doctor_names_the_studies_that_it_cannot_examine(repository, run, monkeypatch):
    monkeypatch.setattr(doctor, "diagnose", lambda step: Diagnosis((replace(WRONG, error=0.0, repeats=True),), None))
    code, out, _ = run("doctor")
    assert code == 0
    for study in ("cifar-resnet18", "cifar-vgg16"):
        assert f"{study} at scale reduced is not examined for lack of its data: `overparam data fetch cifar`" in out
    assert run("doctor", "--scale", "paper")[0] == 1  # there is nothing that it could examine


def test_training_with_a_wrong_kernel_is_refused_in_a_sentence(repository, run, monkeypatch):
    monkeypatch.setattr(doctor, "diagnose", lambda step, examiner: Diagnosis((WRONG,), None))
    code, _, err = run("train", "digits", "resnet18", "1/4", "0")
    assert code == 1
    assert err.startswith("error: fc at α = 1/4: bmm in float32, of 2×50×8, 2×8×10, by PyTorch")
    assert "overparam doctor digits resnet18 --scale smoke" in err
