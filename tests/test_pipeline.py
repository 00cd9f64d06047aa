"""dvc.yaml is what params.yaml and the code give, and names every file that a stage depends on."""

import itertools
import os
import shutil
import subprocess
import sys
from hashlib import md5
from pathlib import Path

import pytest
import yaml

from overparam import cli
from overparam.config.studies import StudySpec, alpha_label, load_config
from overparam.config.workspace import Workspace
from overparam.pipeline.dvc_yaml import WRITTEN_BY, differing

ROOT = Path(__file__).parent.parent
CONFIG = load_config(ROOT / "params.yaml")
FILES = ("dvc.yaml", "cifar/dvc.yaml", "mnli/dvc.yaml")
# By scale and task: the file of its stages, and what their names end in.
PIPELINES = {
    ("smoke", "mosaics"): ("dvc.yaml", "mosaics"),
    ("smoke", "nli"): ("dvc.yaml", "nli"),
    **{(scale, "cifar"): ("cifar/dvc.yaml", scale) for scale in ("pilot", "reduced", "fitted", "paper")},
    **{(scale, "mnli"): ("mnli/dvc.yaml", scale) for scale in ("reduced", "paper")},
}


def stage(setting, name):
    file, suffix = PIPELINES[setting]
    return yaml.safe_load((ROOT / file).read_text())["stages"][f"{name}-{suffix}"]


def test_every_task_has_a_pipeline_at_each_of_its_scales():
    assert set(PIPELINES) == {(scale, task) for scale, tasks in CONFIG.scales.items() for task in tasks}


@pytest.mark.parametrize(("scale", "task"), PIPELINES)
def test_measuring_depends_on_every_feature_file(scale, task):
    chosen = CONFIG.scales[scale][task]
    files = {
        f"artifacts/features/{scale}/{task}-${{item.arch}}-{alpha_label(a)}-r{r}.safetensors"
        for a in chosen.alphas
        for r in chosen.replicates
    }
    assert files == {d for d in stage((scale, task), "measure")["deps"] if d.startswith("artifacts/")}


@pytest.mark.parametrize(("scale", "task"), PIPELINES)
def test_judging_depends_on_every_record_and_the_margins(scale, task):
    records = {f"results/{scale}/{task}-{arch}.json" for arch in CONFIG.scales[scale][task].architectures}
    assert records | {"overparam/verdicts/preregistration.toml"} <= set(stage((scale, task), "judge")["deps"])


def test_equal_fit_depends_on_every_network_that_it_compares():
    scale = CONFIG.scales["reduced"]["cifar"]
    widths = [alpha_label(alpha) for alpha in scale.alphas] + [f"1-e{b:g}" for b in scale.budgets["resnet18"]]
    files = {
        f"artifacts/{kind}/reduced/cifar-resnet18-{width}-r{replicate}.safetensors"
        for kind in ("checkpoints", "features")
        for width in widths
        for replicate in scale.replicates
    }
    deps = stage(("reduced", "cifar"), "equal-fit")["deps"]
    assert {path for path in deps if path.startswith("artifacts/")} == files


@pytest.mark.parametrize(("scale", "task"), PIPELINES)
def test_the_matrix_is_the_scale(scale, task):
    for name in ("train", "features"):
        matrix = stage((scale, task), name)["matrix"]
        assert matrix == {
            "arch": f"${{scales.{scale}.{task}.architectures}}",
            "alpha": f"${{scales.{scale}.{task}.alphas}}",
            "replicate": f"${{scales.{scale}.{task}.replicates}}",
        }


def test_checkpoints_are_kept_and_features_are_not_pushed():
    for scale, task in PIPELINES:
        (checkpoint,) = stage((scale, task), "train")["outs"]
        assert next(iter(checkpoint.values()))["persist"]
        (features,) = stage((scale, task), "features")["outs"]
        assert not next(iter(features.values()))["push"]


def test_dvc_reads_every_pipeline():
    for file in FILES:
        listed = subprocess.run(["dvc", "stage", "list", file], cwd=ROOT, capture_output=True, text=True, check=True)
        assert "judge" in listed.stdout


def test_what_lies_here_is_what_is_written():
    assert differing(CONFIG, ROOT) == {}
    assert all((ROOT / file).read_text().startswith(WRITTEN_BY) for file in FILES)


def listed(root):
    """Of every item of every stage in ``root``, its dependencies and outs with their matrix items put in."""
    params = yaml.safe_load((root / "params.yaml").read_text())
    found = {}
    for file in FILES:
        for name, entry in yaml.safe_load((root / file).read_text())["stages"].items():
            matrix = entry.get("matrix", {})
            for items in itertools.product(*(values_of(params, path) for path in matrix.values())):
                label = f"{file}:{name}" + (f"@{'-'.join(items)}" if items else "")
                outs = [next(iter(out)) for out in entry.get("outs", entry.get("metrics"))]
                found[label] = [put_in(matrix, items, paths) for paths in (entry["deps"], outs)]
    return found


def values_of(params, path):
    for key in path.removeprefix("${").removesuffix("}").split("."):
        params = params[key]
    return [str(value) for value in params]


def put_in(matrix, items, paths):
    for key, item in zip(matrix, items, strict=True):
        paths = [path.replace(f"${{item.{key}}}", item) for path in paths]
    return paths


def test_stages_make_the_files_that_the_commands_write():
    made = {out for _, outs in listed(ROOT).values() for out in outs}
    here = Workspace.at(Path())
    for scale in (scale for tasks in CONFIG.scales.values() for scale in tasks.values()):
        for study in (StudySpec(arch, scale) for arch in scale.architectures):
            for of in (study, *map(study.trained_less, study.budgets)):
                for alpha, replicate in itertools.product(of.alphas, scale.replicates):
                    assert here.checkpoint(of, alpha, replicate).as_posix() in made
                    assert here.feature_file(of, alpha, replicate).as_posix() in made


def test_dvc_lock_pins_the_code_that_each_stage_depends_on():
    items = listed(ROOT)
    for file in FILES:
        lock = yaml.load((ROOT / file).with_suffix(".lock").read_text(), getattr(yaml, "CSafeLoader", yaml.SafeLoader))
        for name, entry in lock["stages"].items():
            assert {dep["path"] for dep in entry["deps"]} == set(items[f"{file}:{name}"][0])


class Copy:
    """A copy of the package and of what its pipelines are written from, to be changed."""

    def __init__(self, root):
        self.root = root
        shutil.copytree(ROOT / "overparam", root / "overparam", ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copyfile(ROOT / "params.yaml", root / "params.yaml")
        self.before = self.digests()

    def digests(self):
        """Of every item of every stage, the digests of what it depends on as far as that lies here."""
        program = "from overparam.cli import main; main()"
        command = [sys.executable, "-c", program, "pipeline", "--write"]
        environment = {**os.environ, "PYTHONPATH": str(self.root)}
        subprocess.run(command, cwd=self.root, env=environment, check=True, capture_output=True)
        return {
            name: {
                path: file.is_file() and md5(file.read_bytes()).hexdigest()
                for path in deps
                for file in [self.root / path]
            }
            for name, (deps, _) in listed(self.root).items()
        }

    def stale(self):
        """The stages that were there before and depend on something else now."""
        after = self.digests()
        return {name for name, deps in self.before.items() if after[name] != deps}

    def edit(self, path, old="", new="\nADDED = 1\n"):
        file = self.root / path
        text = file.read_text()
        assert old in text
        file.write_text(text.replace(old, new, 1) if old else text + new)


@pytest.fixture
def copy(tmp_path):
    return Copy(tmp_path)


def of(stages, *parts):
    return {name for name in stages if all(part in name for part in parts)}


def test_a_new_architecture_makes_no_stage_of_another_one_stale(copy):
    folder = "overparam/networks/architectures"
    (copy.root / folder / "made_up.py").write_text((copy.root / folder / "vgg16.py").read_text())
    assert copy.stale() == set()
    assert len(copy.before) > 277
    copy.edit("params.yaml", "[resnet18, vgg16]", "[resnet18, vgg16, made_up]")
    assert copy.stale() == {"dvc.yaml:judge-mosaics"}  # which now waits for one record more
    assert "overparam/networks/architectures/made_up.py" in copy.digests()["dvc.yaml:train-mosaics@made_up-1-0"]


def test_a_new_task_makes_no_stage_of_another_one_stale(copy):
    (copy.root / "overparam/data/made_up.py").write_text((copy.root / "overparam/data/images.py").read_text())
    entry = 'TASKS = {\n    "made_up": TaskData("made up", "overparam.data.made_up:load_digits"),'
    copy.edit("overparam/config/tasks.py", "TASKS = {", entry)
    assert copy.stale() == set()


def test_an_edited_architecture_makes_its_own_stages_stale_and_no_others(copy):
    copy.edit("overparam/networks/architectures/resnet18.py")
    runs = [of(copy.before, kind, "resnet18") for kind in (":train", ":features", ":controls", ":equal-fit")]
    less = of(copy.before, "-less-") | of(copy.before, ":equal-fit")
    assert copy.stale() == set().union(*runs, less)


def test_a_new_metric_makes_what_is_measured_stale_but_neither_the_toy_nor_networks(copy):
    (copy.root / "overparam/metrics/made_up.py").write_text("def made_up() -> float:\n    return 1.0\n")
    copy.edit("overparam/study/measure.py", new="\nfrom overparam.metrics.made_up import made_up\n")
    stale = copy.stale()
    assert stale == set().union(*(of(copy.before, f":{kind}") for kind in ("measure", "controls", "equal-fit")))
    assert "overparam/metrics/made_up.py" in copy.digests()["dvc.yaml:measure-mosaics@vgg16"]


def test_word_baselines_the_hub_and_fetching_make_no_network_stale(copy):
    for name in ("word_baselines", "hub", "fetch"):
        copy.edit(f"overparam/data/{name}.py")
    assert of(copy.stale(), ":train") == set()


def test_an_import_for_type_checkers_only_is_no_dependency(copy):
    guarded = "\nif TYPE_CHECKING:\n    import overparam.compare.api\n"
    copy.edit("overparam/constants.py", new=f"\nfrom typing import TYPE_CHECKING\n{guarded}")
    assert not any("overparam/compare/api.py" in deps for deps in copy.digests().values())


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    """Run the command in a folder with params.yaml alone: exit code and what it says on standard error."""
    shutil.copyfile(ROOT / "params.yaml", tmp_path / "params.yaml")
    monkeypatch.chdir(tmp_path)

    def invoke(option):
        monkeypatch.setattr(sys, "argv", ["overparam", "pipeline", option, "--root", str(tmp_path)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        return ended.value.code, capsys.readouterr().err

    return invoke


def said(file):
    return f"error: {file} is not what params.yaml and the code give: write it with `overparam pipeline --write`\n"


def test_the_check_says_which_files_differ_and_writing_mends_them(run, tmp_path):
    assert run("--check") == (1, "".join(map(said, FILES)))
    assert run("--write") == (0, "")
    assert run("--check") == (0, "")
    edited = tmp_path / "cifar" / "dvc.yaml"
    whole = edited.read_bytes()
    edited.write_bytes(whole.replace(b"train-reduced", b"train-anew", 1))
    (tmp_path / "mnli" / "dvc.yaml").write_bytes(b"\xff")
    assert run("--check") == (1, said(FILES[1]) + said(FILES[2]))
    assert run("--write") == (0, "")
    assert edited.read_bytes() == whole


@pytest.mark.parametrize(
    ("old", "new", "sentence"),
    [
        ("scales:\n", "scales: [\n", "params.yaml is no valid YAML"),
        ("scales:\n", "scale:\n", "params.yaml lacks scales and has unknown scale"),
        (
            "[resnet18, vgg16]",
            "[resnet81, vgg16]",
            "there is no architecture 'resnet81': there are resnet18, transformer, ",
        ),
        (None, None, "{root} is no repository of overparam, as it has no params.yaml: name a clone"),
    ],
)
def test_parameters_that_cannot_be_read_are_one_sentence(run, tmp_path, old, new, sentence):
    params = tmp_path / "params.yaml"
    if old is None:
        params.unlink()
    else:
        params.write_text(params.read_text().replace(old, new, 1))
    code, error = run("--check")
    assert code == 2
    assert error.removeprefix("error: ").removeprefix(f"{tmp_path}/").startswith(sentence.format(root=tmp_path))
    assert error.count("\n") == 1
    assert not (tmp_path / "dvc.yaml").exists()
