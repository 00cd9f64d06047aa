"""What is plugged in, where it is used: by processes that share the work, by commands, by pytest."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from gates import environment, make_repository, put_record, study_record
from plugged import CLAIM, FILE, install

from overparam import cli

TEST = """

@pytest.mark.claim("span-asymmetric")
def test_narrow_networks_miss_more(judgement):
    assert judgement.holds, judgement.why
"""


def quick_repository(root: Path) -> Path:
    """A folder whose parameters name what is plugged in."""
    make_repository(root)
    params = yaml.safe_load((root / "params.yaml").read_text(encoding="utf-8"))
    digits = params["scales"]["smoke"]["digits"]
    digits |= {"architectures": ["one_layer"], "base_width": 4, "alphas": ["1", "1_2"], "snapshots": [], "quick": True}
    digits |= {"members": {"1": 2, "1_2": 4}, "replicates": [0, 1], "train_examples": 200}
    params |= {"tasks": {"parity": {"default_scale": "smoke"}}, "scales": {"smoke": {"parity": digits}}}
    (root / "params.yaml").write_text(yaml.safe_dump(params), encoding="utf-8")
    return root


def command(folder: Path, *words: str, **more: str) -> subprocess.CompletedProcess:
    run = "import sys; from overparam.cli import main; sys.argv[0] = 'overparam'; main()"
    return subprocess.run(
        [sys.executable, "-c", run, *words], cwd=folder, capture_output=True, text=True, env=environment(**more)
    )


def test_a_study_of_what_a_file_has_is_trained_by_several_processes_and_judged(tmp_path):
    root = quick_repository(tmp_path)
    (tmp_path / "my.py").write_text(FILE, encoding="utf-8")
    words = ("study", "parity", "one_layer", "--root", str(root), "--plugin", "my.py")
    ended = command(tmp_path, *words, LOKY_MAX_CPU_COUNT="2")
    assert ended.returncode == 0, ended.stderr
    assert "span-asymmetric (Fig. none), parity-one_layer, smoke: " in ended.stdout
    assert (root / "results" / "smoke" / "parity-one_layer.json").exists()


def test_listing_and_explaining_load_only_what_they_say(tmp_path):
    site = install(tmp_path / "site")
    (site / "my_networks.py").write_text("raise RuntimeError('loaded')", encoding="utf-8")
    shutil.copy(site / "my_networks.py", site / "my_tasks.py")
    program = """
import sys
from overparam.cli import main
try: main()
except SystemExit as ended: print(ended.code)
print([name for name in ("torch", "my_networks", "my_tasks", "my_measures", "my_claims") if name in sys.modules])
"""
    loaded = {}
    path = f"{site}:{Path(cli.__file__).parents[2]}"
    for words in (("status",), ("explain", "span-asymmetric"), ("ls", "architectures"), ("ls", "tasks")):
        ended = subprocess.run(
            [sys.executable, "-c", program, *words], capture_output=True, text=True, env=environment(PYTHONPATH=path)
        )
        code, loaded[words] = ended.stdout.splitlines()[-2:]
        assert code == "0", ended.stderr
    assert loaded.pop(("explain", "span-asymmetric")) == "['my_claims']"
    assert set(loaded.values()) == {"[]"}


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """A repository with a record, and beside it a file with a claim and its test."""
    root = make_repository(tmp_path_factory.mktemp("repository"))
    put_record(root, study_record())
    (root / "my.py").write_text(f"{CLAIM}\nCLAIMS = {{'span-asymmetric': ASYMMETRIC}}\n{TEST}", encoding="utf-8")
    return root


def pytest_of(root: Path, *options: str) -> subprocess.CompletedProcess:
    words = ["-m", "pytest", "my.py", "-v", "-p", "no:cacheprovider", "--claims-root", str(root), "--claims-gate=none"]
    words += ["--claims-evidence=record", *options]
    return subprocess.run([sys.executable, *words], cwd=root, capture_output=True, text=True, env=environment())


@pytest.mark.parametrize("workers", [(), ("-n2",)], ids=["one process", "workers"])
def test_a_claim_from_a_file_is_judged_by_its_own_test(recorded, workers):
    ended = pytest_of(recorded, "--claims-plugin", "my.py", *workers)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "span-asymmetric (Fig. none), digits-resnet18, smoke: " in ended.stdout


def test_a_claim_that_is_not_plugged_in_is_an_error_of_one_sentence(recorded):
    ended = pytest_of(recorded)
    assert ended.returncode == pytest.ExitCode.INTERRUPTED
    assert "there is no claim 'span-asymmetric': there are span-over" in ended.stdout
    assert "Traceback" not in ended.stdout + ended.stderr


def test_a_plugin_of_pytest_that_cannot_be_used_is_an_error_of_one_sentence(recorded):
    ended = pytest_of(recorded, "--claims-plugin", "nowhere.py")
    assert ended.returncode == pytest.ExitCode.USAGE_ERROR
    assert f"there is no plug-in {recorded / 'nowhere.py'}: name a file of Python" in ended.stderr
    assert "Traceback" not in ended.stdout + ended.stderr
