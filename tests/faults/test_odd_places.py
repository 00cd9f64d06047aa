"""What stands in a file's place: a folder, a loop of links, a pipe, a file that may not be read, a device, nothing."""

import os

import pytest
from readers import READERS

from overparam.errors import OverparamError

pytestmark = pytest.mark.fault


def put_nothing(path):
    pass


def put_loop(path):
    path.symlink_to(path)


def put_device(path):
    path.symlink_to("/dev/zero")


def put_forbidden(path):
    path.touch(mode=0)


PLACES = {
    "nothing": put_nothing,
    "a folder": os.mkdir,
    "a loop": put_loop,
    "a pipe": os.mkfifo,
    "a device": put_device,
    "what may not be read": put_forbidden,
}


LOOKED_FOR = ("dvc.lock", "data.dvc")  # and what is not found pins nothing
MAY_BE_LACKING = ("verdicts", "dvc.lock", "data.dvc", "the tokenizer", "meta.json")


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("name", READERS)
def test_what_is_no_file_is_refused_in_a_sentence(tmp_path, name, place):
    if place == "what may not be read" and os.geteuid() == 0:
        pytest.skip("root may read all")
    reader = READERS[name]
    for k, make in enumerate(reader.goods):
        (tmp_path / str(k)).mkdir()
        path = make(tmp_path / str(k))
        path.unlink()
        PLACES[place](path)
        if (place == "nothing" and name in MAY_BE_LACKING) or (place == "a loop" and name in LOOKED_FOR):
            reader.use(path)
            continue
        with pytest.raises(OverparamError) as refused:
            reader.use(path)
        assert str(path.name) in str(refused.value) or str(path.parent) in str(refused.value)
        assert "\n" not in str(refused.value)
