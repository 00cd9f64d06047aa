"""Features of models as people have them: several layers, keywords, tokens with a mask, files as they grow."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.utils.data import DataLoader, Dataset, Subset, TensorDataset
from torchvision.models import resnet18, vit_b_16
from transformers import BertConfig, BertModel, GPT2Config, GPT2Model
from worlds import PROPERTY

import overparam
from overparam.errors import MeasurementError, SpecError
from overparam.networks.calls import Batch
from overparam.networks.hooks import extract_features
from overparam.networks.pooling import pool_output

EXAMPLES, TOKENS = 10, 7


def pictures(count=EXAMPLES):
    return torch.randn(count, 3, 32, 32, generator=torch.Generator().manual_seed(1))


def loader(count=EXAMPLES, **options):
    return DataLoader(TensorDataset(pictures(count), torch.arange(count) % 3), batch_size=4, **options)


class Sentences(Dataset):
    """Dicts as transformers' data sets give them; lengths differ, padding stands after the tokens or before them."""

    def __init__(self, left=False):
        rng = np.random.default_rng(0)
        self.words = torch.tensor(rng.integers(3, 20, size=(EXAMPLES, TOKENS)))
        self.mask = torch.arange(TOKENS) < torch.tensor(rng.integers(2, TOKENS + 1, size=EXAMPLES))[:, None]
        self.mask = self.mask.flip(1) if left else self.mask

    def __len__(self):
        return EXAMPLES

    def __getitem__(self, row):
        words = torch.where(self.mask[row], self.words[row], 0)
        return {"input_ids": words, "attention_mask": self.mask[row].long(), "label": row % 2, "idx": 100 + row}


def bert():
    torch.manual_seed(0)
    config = BertConfig(vocab_size=20, hidden_size=16, num_hidden_layers=2, num_attention_heads=2, intermediate_size=32)
    return BertModel(config).train()


def gpt2():
    torch.manual_seed(0)
    return GPT2Model(GPT2Config(vocab_size=20, n_positions=32, n_embd=16, n_layer=2, n_head=2))


def last_hidden_state(model, sentences):
    batch = next(iter(DataLoader(sentences, batch_size=EXAMPLES)))
    with torch.no_grad():
        keywords = {"input_ids": batch["input_ids"], "attention_mask": batch["attention_mask"]}
        return model.eval()(**keywords).last_hidden_state


def test_several_layers_of_torchvision_in_one_pass_are_each_what_it_gives_alone():
    torch.manual_seed(0)
    model = resnet18(weights=None, num_classes=5)
    called = []
    model.register_forward_hook(lambda *_: called.append(1))
    found = extract_features(model, loader(), layers=["layer1.0.bn2", "avgpool", "fc"])
    assert len(called) == 3
    assert {name: rows.shape for name, rows in found.features.items()} == {
        "layer1.0.bn2": (EXAMPLES, 64), "avgpool": (EXAMPLES, 512), "fc": (EXAMPLES, 5)
    }  # fmt: skip
    for name, rows in found.features.items():
        np.testing.assert_array_equal(rows, extract_features(model, loader(), name)[0])
    np.testing.assert_array_equal(found.labels, np.arange(EXAMPLES) % 3)
    np.testing.assert_array_equal(found.ids, np.arange(EXAMPLES))


def test_the_class_token_of_a_vision_transformer():
    torch.manual_seed(0)
    model = vit_b_16(weights=None, image_size=32).eval()
    found = extract_features(model, loader(4), "encoder", pool="cls")[0]
    np.testing.assert_array_equal(found, extract_features(model, loader(4), "encoder.ln", pool=lambda x: x[:, 0])[0])
    logits = extract_features(model, loader(4), "heads")[0]
    with torch.no_grad():
        np.testing.assert_allclose(model.heads(torch.tensor(found)), logits, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("left", [False, True])
@pytest.mark.parametrize("make", [bert, gpt2])
@pytest.mark.parametrize("pool", ["mean", "cls", "last"])
def test_tokens_of_a_transformers_model_are_pooled_without_padding(make, pool, left):
    model, sentences = make(), Sentences(left)
    hidden = last_hidden_state(model, sentences).numpy()
    layer = "ln_f" if make is gpt2 else "encoder.layer.1"
    found = extract_features(model, DataLoader(sentences, batch_size=4), layers=[layer], pool=pool)
    for row, (tokens, kept) in enumerate(zip(hidden, sentences.mask.numpy(), strict=True)):
        expected = {"mean": tokens[kept].mean(axis=0), "cls": tokens[kept][0], "last": tokens[kept][-1]}[pool]
        np.testing.assert_allclose(found.features[layer][row], expected, rtol=1e-4, atol=1e-5)
    np.testing.assert_array_equal(found.labels, np.arange(EXAMPLES) % 2)
    np.testing.assert_array_equal(found.ids, np.arange(EXAMPLES) + 100)


def test_batches_padded_to_other_lengths_give_the_same_features():
    model, sentences = bert(), Sentences()

    def shorten(batch):
        longest = int(batch["attention_mask"].sum(dim=1).max())
        return {key: value[:, :longest] if value.ndim == 2 else value for key, value in batch.items()}

    whole, short = (
        extract_features(model, DataLoader(sentences, batch_size=2), "encoder.layer.1", pool="mean", batch=batch)[0]
        for batch in (None, shorten)
    )
    np.testing.assert_allclose(short, whole, rtol=1e-4, atol=1e-5)


def test_a_model_of_several_inputs_is_called_with_what_batch_makes():
    class Two(nn.Module):
        def __init__(self):
            super().__init__()
            self.sum = nn.Identity()

        def forward(self, a, b):
            return self.sum(a + 2 * b)

    a, b = torch.randn(2, 6, 3)
    rows = DataLoader([{"one": x, "two": y, "name": f"n{k}"} for k, (x, y) in enumerate(zip(a, b, strict=True))])
    found = extract_features(
        Two(), rows, layers=["sum"], batch=lambda row: Batch((row["one"], row["two"]), ids=row["name"])
    )
    np.testing.assert_allclose(found.features["sum"], a + 2 * b, rtol=1e-6)
    assert found.ids is not None
    assert (found.ids.tolist(), found.labels) == ([f"n{k}" for k in range(6)], None)


def test_ids_of_a_subset_are_those_of_the_whole():
    whole = TensorDataset(pictures())
    chosen = DataLoader(Subset(Subset(whole, [9, 2, 5, 7]), [1, 3]), batch_size=1)
    assert extract_features(nn.Sequential(nn.Flatten()), chosen, layers=["0"]).ids.tolist() == [2, 7]


def test_batches_without_a_data_loader_have_no_ids_unless_they_say_them():
    model, rows = nn.Sequential(nn.Identity()), torch.randn(4, 3)
    assert extract_features(model, [rows], layers=["0"]).ids is None
    assert extract_features(model, [Batch(rows, ids=["a", "b", "c", "d"])], layers=["0"]).ids.tolist() == [*"abcd"]


@given(
    tokens=st.integers(1, 6),
    width=st.integers(1, 5),
    seed=st.integers(0, 99),
    dtype=st.sampled_from([torch.float32, torch.bfloat16]),
)
@PROPERTY
def test_what_stands_at_padding_changes_nothing(tokens, width, seed, dtype):
    torch.manual_seed(seed)
    output = torch.randn(5, tokens, width).to(dtype)
    mask = torch.rand(5, tokens) < 0.6
    mask[torch.arange(5), torch.randint(tokens, (5,))] = True
    for filling in (torch.nan, torch.inf, 7.0):
        changed = output.masked_fill(~mask[:, :, None], filling)
        for pool in ("mean", "cls", "last"):
            expected = pool_output(output, "layer", pool, mask, "float32")
            torch.testing.assert_close(pool_output(changed, "layer", pool, mask, "float32"), expected, rtol=0, atol=0)


def test_without_a_mask_all_tokens_count():
    output = torch.randn(5, 4, 3)
    expected = {"mean": output.mean(dim=1), "cls": output[:, 0], "last": output[:, -1], "flatten": output.flatten(1)}
    for pool, rows in expected.items():
        torch.testing.assert_close(pool_output(output, "layer", pool, None, "float32"), rows)


@pytest.mark.parametrize(
    ("dtype", "stored"), [("float16", np.float16), ("float32", np.float32), ("float64", np.float64)]
)
def test_features_are_of_the_type_that_is_asked_for(tmp_path, dtype, stored):
    model = nn.Sequential(nn.Linear(3, 2, dtype=torch.float64))
    rows = [torch.randn(4, 3, dtype=torch.float64)]
    found, _ = extract_features(model, rows, "0", dtype=dtype)
    written, _ = extract_features(model, rows, "0", dtype=dtype, out=tmp_path)
    assert found.dtype == written.dtype == stored
    np.testing.assert_allclose(found, model(rows[0]).detach(), rtol=1e-15 if dtype == "float64" else 1e-2)


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
def test_under_autocast_features_are_averaged_in_single_precision(dtype):
    model = nn.Sequential(nn.Conv2d(3, 6, 3))
    with torch.autocast("cpu", dtype):
        found, _ = extract_features(model, loader(), "0")
        with torch.no_grad():
            maps = model(pictures())
    assert maps.dtype == dtype
    np.testing.assert_allclose(found, maps.float().mean(dim=(2, 3)), rtol=1e-5, atol=1e-6)


def tokens():
    return [torch.zeros(2, 4, 3)]


IDENTITY = nn.Sequential(nn.Identity())


@pytest.mark.parametrize(
    ("batches", "options", "error", "sentence"),
    [
        (tokens(), {}, SpecError, "give the name of one layer, or layers=[…] of several, each once"),
        (tokens(), {"layers": ["0", "0"]}, SpecError, "each once"),
        (tokens(), {"layer": "0", "layers": ["0"]}, SpecError, "give the name of one layer"),
        (tokens(), {"layer": "0"}, MeasurementError, "of (examples, tokens, features) 'mean', 'cls' or 'last'"),
        ([torch.zeros(2, 3, 4, 4)], {"layer": "0", "pool": "cls"}, MeasurementError, "gives shape (2, 3, 4, 4) where"),
        (tokens(), {"layer": "0", "pool": lambda x: x}, MeasurementError, "pool makes no (examples, features) of what"),
        (tokens(), {"layer": "0", "pool": lambda x: x[0]}, MeasurementError, "gave [4] rows for a batch of 2"),
        ([torch.full((2, 3), 1e6)], {"layer": "0", "dtype": "float16"}, MeasurementError, "up to 1e+06, which float16"),
        (
            [Batch(torch.zeros(2, 4, 3), mask=torch.ones(2, 5))],
            {"layer": "0", "pool": "mean"},
            MeasurementError,
            "the mask of (2, 5) does not tell the tokens of layer '0', (2, 4, 3)",
        ),
        (
            [Batch(torch.zeros(2, 4, 3), mask=torch.zeros(2, 4))],
            {"layer": "0", "pool": "last"},
            MeasurementError,
            "or leaves an example none",
        ),
        (
            [Batch(torch.zeros(2, 3), ids=[1, 2, 3])],
            {"layer": "0"},
            MeasurementError,
            "a batch of 2 examples has ids of shape (3,)",
        ),
        (
            [Batch(torch.zeros(2, 3), ids=[1, 2]), torch.zeros(2, 3)],
            {"layer": "0"},
            MeasurementError,
            "some batches have ids and others have none",
        ),
        ([{"image": torch.zeros(2, 3)}], {"layer": "0"}, MeasurementError, "batch=lambda batch: batch['image']"),
    ],
)
def test_what_gives_no_features_is_one_sentence(batches, options, error, sentence):
    with pytest.raises(error) as raised:
        extract_features(IDENTITY, batches, **options)
    assert sentence in str(raised.value)


def test_it_is_public():
    assert (overparam.extract_features, overparam.Batch) == (extract_features, Batch)
