"""Each kernel is compared with float64 and called twice: a table of wrong ones, and of right ones that must pass."""

import itertools

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from overparam.networks.kernels import Kernel, examine

CALLS = itertools.count()
LEFT = torch.randn(6, 40, generator=torch.Generator().manual_seed(0))
RIGHT = torch.randn(40, 5, generator=torch.Generator().manual_seed(1))


def one_element(product):
    product[2, 3] += 2.0
    return product


def at_each_call(product):
    product[0, 0] += 1e-6 * next(CALLS)
    return product


def last_row_forgotten(product):
    product[-1] = 0
    return product


def faulty(wrong):
    """A matrix product that is right in float64, and in coarser formats as ``wrong`` makes it."""
    name = f"faulty::mm_{next(CALLS)}"

    @torch.library.custom_op(name, mutates_args=[])
    def mm(left: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
        product = left @ right
        return product if product.dtype == torch.float64 else wrong(product)

    return getattr(torch.ops.faulty, name.partition("::")[2]).default


def found(func, *args):
    return examine(Kernel.of("readout", func, (args, {})), func, (args, {}))


WRONG = {
    "all of it": lambda p: 1.001 * p,
    "one element": one_element,
    "another sign": lambda p: -p,
    "a row": last_row_forgotten,
    "rows exchanged": lambda p: p.flip(0),
    "nothing but zeros": torch.zeros_like,
    "nan": lambda p: p * torch.nan,
    "one infinity": lambda p: p.index_fill(1, torch.tensor([0]), torch.inf),
    "bfloat16 within": lambda p: p.bfloat16().float(),
    "uninitialised": lambda p: torch.full_like(p, 1e30),
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
def test_a_wrong_product_is_found(wrong):
    finding = found(faulty(wrong), LEFT, RIGHT)
    assert not finding.sound
    assert not finding.error <= finding.tolerance == 1e-4
    assert finding.repeats
    assert finding.part == "result 1"


def test_a_product_that_is_another_at_each_call_is_found():
    finding = found(faulty(at_each_call), LEFT, RIGHT)
    assert finding.error <= finding.tolerance
    assert not finding.repeats
    assert not finding.sound


@pytest.mark.parametrize(("dtype", "rounding"), [(torch.float32, 1e-6), (torch.bfloat16, 5e-3)])
def test_a_right_product_passes_in_its_precision(dtype, rounding):
    finding = found(torch.ops.aten.mm.default, LEFT.to(dtype), RIGHT.to(dtype))
    assert finding.sound
    assert 0 < finding.error < rounding
    assert finding.kernel.operands == "6×40, 40×5"
    assert f"torch.{finding.kernel.precision}" == str(dtype)


@pytest.mark.parametrize(("factor", "sound"), [(1.0, True), (1.02, True), (0.98, True), (1.1, False), (0.9, False)])
def test_bfloat16_may_err_by_what_rounding_explains_there(factor, sound):
    assert found(faulty(lambda p: factor * p), LEFT.bfloat16(), RIGHT.bfloat16()).sound is sound


def test_one_wrong_element_among_many_is_found_where_the_norm_would_hide_it():
    wide = torch.zeros(400, 10, dtype=torch.bfloat16), torch.zeros(10, 400, dtype=torch.bfloat16)
    assert not found(faulty(lambda p: p.index_put((torch.tensor(7), torch.tensor(9)), 12.0 + p[7, 9])), *wide).sound


def test_operands_are_drawn_in_the_layout_of_those_that_a_kernel_was_called_on():
    seen = []

    @torch.library.custom_op("faulty::mean_of_layout", mutates_args=[])
    def mean_of_layout(images: torch.Tensor, expanded: torch.Tensor) -> torch.Tensor:
        seen.append((images.shape, images.stride(), expanded.stride(), images.dtype))
        return images.mean() + expanded.mean()

    images = torch.randn(3, 5, 4, 2).contiguous(memory_format=torch.channels_last)
    expanded = torch.randn(5, 1)[None].expand(7, 5, 6)
    assert found(torch.ops.faulty.mean_of_layout.default, images, expanded).sound
    layout = (images.shape, images.stride(), expanded.stride())
    assert seen == [(*layout, torch.float64), (*layout, torch.float32), (*layout, torch.float32)]


@given(st.lists(st.integers(0, 4), min_size=1, max_size=4), st.randoms(use_true_random=False), st.booleans())
def test_any_layout_can_be_examined(sizes, random, expanded):
    order = random.sample(range(len(sizes)), len(sizes))
    tensor = torch.zeros(sizes).permute(order)
    tensor = tensor[None].expand(3, *tensor.shape) if expanded else tensor
    assert found(torch.ops.aten.sum.default, tensor).sound


BATCH_NORM = torch.zeros(8, 4, 3, 3), *[torch.zeros(4)] * 4


@pytest.mark.parametrize("training", [True, False])
def test_running_statistics_are_examined_and_start_alike_in_both_calls(training):
    finding = found(torch.ops.aten.native_batch_norm.default, *BATCH_NORM, training, 0.1, 1e-5)
    assert finding.sound
    assert finding.repeats


def test_wrong_running_statistics_are_found():
    @torch.library.custom_op("faulty::running_norm", mutates_args=["mean"])
    def running_norm(images: torch.Tensor, mean: torch.Tensor) -> torch.Tensor:
        mean.mul_(0.9 if images.dtype == torch.float64 else 0.8)
        return images * 2

    finding = found(torch.ops.faulty.running_norm.default, *BATCH_NORM[:2])
    assert not finding.sound
    assert finding.repeats
    assert finding.part == "vector 1 afterwards"


def test_the_gradient_that_is_wrong_is_named_even_if_another_is_not_asked_for():
    @torch.library.custom_op("faulty::conv_backward", mutates_args=[])
    def conv_backward(gradient: torch.Tensor, images: torch.Tensor) -> list[torch.Tensor]:
        return [gradient * 2, images * (1.0 if images.dtype == torch.float64 else 1.1), gradient.sum(0)]

    finding = found(torch.ops.faulty.conv_backward.default, *[torch.zeros(4, 3)] * 2)
    assert finding.part == "gradient of the weight"
    finding = found(
        torch.ops.aten.convolution_backward.default, torch.zeros(2, 4, 5, 5), torch.zeros(2, 3, 5, 5),
        torch.zeros(4, 3, 1, 1), [0], [1, 1], [0, 0], [1, 1], False, [0, 0], 1, [False, True, False],
    )  # fmt: skip
    assert finding.sound
    assert finding.part == "gradient of the weight"


@pytest.mark.parametrize(("given_instead", "sound"), [(0.0, True), (1e-30, False), (torch.nan, False)])
def test_what_is_zero_in_float64_must_be_zero_in_any_format(given_instead, sound):
    name = f"faulty::sum_{next(CALLS)}"

    @torch.library.custom_op(name, mutates_args=[])
    def nothing(numbers: torch.Tensor) -> torch.Tensor:
        return torch.full_like(numbers, 0.0 if numbers.dtype == torch.float64 else given_instead)

    assert found(getattr(torch.ops.faulty, name.partition("::")[2]).default, LEFT).sound is sound


def test_no_numbers_at_all_are_no_fault():
    assert found(faulty(lambda p: p + 1), LEFT[:0], RIGHT).error == 0
