"""Sentence pairs as token ids; MNLI, with a tokenizer trained on its own training split."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar, cast
from unicodedata import normalize

import numpy as np
import pyarrow as pa
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors, trainers

from overparam.data.examples import Dataset, Examples, draw
from overparam.data.hub import HubDataset, is_text
from overparam.errors import DataError
from overparam.io.files import digest_json, write_json
from overparam.io.reading import one_line, read_json

if TYPE_CHECKING:
    from torch import Tensor

Tokens = TypeVar("Tokens", np.ndarray, "Tensor")  # (batch, length) ids

SPECIALS = ("[PAD]", "[UNK]", "[CLS]", "[SEP]")
PADDING, _, START, SEPARATOR = range(len(SPECIALS))  # token ids
VOCABULARY = 1024  # MNLI's: most weights of a narrow Transformer lie in its embedding of tokens
LENGTH = 80  # tokens of a pair; a longer pair loses the end of its longer sentence
CHARACTERS = 2000  # of a sentence; beyond, a copy of MNLI has swallowed the rows that follow
TOKENIZER = Path("artifacts/tokenizers/mnli.json")


def _portion(tables: Mapping[str, pa.Table]) -> str:
    """How much of MNLI a copy holds."""
    parts = [f"{table.num_rows:,} of {MNLI.rows[split]:,} {split} pairs" for split, table in tables.items()]
    return f"MNLI, {' and '.join(parts)}"


MNLI = HubDataset(
    task="mnli",
    title="MNLI",
    hub_name="nyu-mll/glue",
    subset="mnli",
    folder="mnli",
    rows={"train": 392_702, "validation_matched": 9_815},
    columns=("premise", "hypothesis", "label"),
    is_input=is_text,
    classes=3,
    partial=True,
    describe=_portion,
    examples=lambda table, _: (
        "".join(f"{' '.join(normalize('NFC', text).split())}\0" for text in pair).encode()
        for pair in zip(table["premise"].to_pylist(), table["hypothesis"].to_pylist(), strict=True)
    ),
)


def load_mnli(root: Path, train_examples: int | None) -> Dataset:
    """MNLI (Williams, Nangia and Bowman 2018); ids of the validation pairs follow those of the training pairs."""
    opened = MNLI.open(root)
    note, (train, heldout) = opened.note, opened.tables.values()
    tokenizer = tokenizer_of(train, note.sha256["train"], root.parent / TOKENIZER)
    kept = np.flatnonzero([len(sentence) <= CHARACTERS for sentence in train["premise"].to_pylist()])
    drawn = kept[draw(len(kept), train_examples)]
    examples, cut = _examples(tokenizer, train, drawn, first_id=0)
    heldout_examples, heldout_cut = _examples(tokenizer, heldout, np.arange(heldout.num_rows), first_id=train.num_rows)
    return Dataset(
        source=f"{note.source}; {cut + heldout_cut:,} pairs longer than {LENGTH} tokens, whose longer sentence was cut",
        sha256=note.sha256,
        content=note.content,
        classes=MNLI.classes,
        channels=tokenizer.get_vocab_size(),
        train=examples,
        fit=examples,
        heldout=heldout_examples,
        tokenizer=digest_json(json.loads(tokenizer.to_str())),
    )


def encode_pairs(
    tokenizer: Tokenizer, premises: Sequence[str], hypotheses: Sequence[str], *, length: int
) -> tuple[np.ndarray, int]:
    """Token ids (pairs, length) of ``[CLS] premise [SEP] hypothesis [SEP]``, padded, and how many pairs were too long.

    Those lose the end of their longer sentence.
    """
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[("[CLS]", START), ("[SEP]", SEPARATOR)],
    )
    tokenizer.enable_truncation(length)
    tokenizer.enable_padding(pad_id=PADDING, pad_token=SPECIALS[PADDING], length=length)
    encoded = tokenizer.encode_batch_fast(list(zip(premises, hypotheses, strict=True)))
    return np.array([pair.ids for pair in encoded], np.int64), sum(bool(pair.overflowing) for pair in encoded)


def train_tokenizer(sentences: Sequence[str]) -> Tokenizer:
    """The `VOCABULARY` lower-case byte pairs that the sentences ask for (Sennrich, Haddow and Birch 2016).

    The same sentences give the same tokenizer; the library's trainer of word pieces does not keep that promise.
    """
    tokenizer = Tokenizer(models.BPE(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer()
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    trainer = trainers.BpeTrainer(vocab_size=VOCABULARY, special_tokens=list(SPECIALS), show_progress=False)
    tokenizer.train_from_iterator(sentences, trainer)
    return tokenizer


def tokenizer_of(train: pa.Table, sha256: str, path: Path) -> Tokenizer:
    """The tokenizer of a training split with that digest, `VOCABULARY` tokens: from ``path``, or trained and put there.

    Raises:
        DataError: if what is there is damaged.
    """
    trained_on = {"train": sha256, "vocabulary": VOCABULARY}
    try:
        content = read_json(path)
        tokenizer = Tokenizer.from_str(json.dumps(content["tokenizer"]))
        if [tokenizer.token_to_id(token) for token in SPECIALS] != [*range(len(SPECIALS))]:
            raise ValueError(f"its first tokens are not {', '.join(SPECIALS)}")
        tokenizer.encode("α")  # what no vocabulary has, by the token for what it has not
        if content["trained_on"] == trained_on:
            return tokenizer
    except FileNotFoundError:
        pass
    except Exception as error:
        # The library raises bare exceptions for a damaged tokenizer.
        raise DataError(
            f"{path} is no tokenizer ({one_line(error)}): get it with `dvc pull --allow-missing`, "
            "or delete it and it is trained again"
        ) from None
    sentences = [s for name in ("premise", "hypothesis") for s in train[name].to_pylist() if len(s) <= CHARACTERS]
    tokenizer = train_tokenizer(sentences)
    write_json(path, {"trained_on": trained_on, "tokenizer": json.loads(tokenizer.to_str())})
    return tokenizer


def _examples(tokenizer: Tokenizer, table: pa.Table, rows: np.ndarray, *, first_id: int) -> tuple[Examples, int]:
    premises, hypotheses = (table[name].take(rows).to_pylist() for name in ("premise", "hypothesis"))
    inputs, cut = encode_pairs(tokenizer, premises, hypotheses, length=LENGTH)
    return Examples(first_id + rows, inputs, table["label"].to_numpy()[rows].astype(np.int64)), cut


def token_types(tokens: Tokens) -> Tokens:
    """0 in the first sentence and 1 in the second, and 2 more where the other sentence has the token too.

    Args:
        tokens: (batch, length) token ids; marks such as separators are never shared. So is the result.
    """
    separators = tokens == SEPARATOR
    second = separators.cumsum(1) > separators
    other = second[:, :, None] != second[:, None, :]
    shared = ((tokens[:, :, None] == tokens[:, None, :]) & other).any(2) & (tokens >= len(SPECIALS))
    return cast(Tokens, second + 2 * shared)
