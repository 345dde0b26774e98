"""The pixel distributions: they sum to one, what is drawn follows them, and hand-computed cases."""

import math

import numpy as np
import pytest
import torch

from pixpaint.layers.output import Bernoulli, DiscretizedLogisticMixture, Softmax, Tempering
from pixpaint.layers.pixels import bytes_to_units, units_to_bytes
from pixpaint.sampling.noise import draw_noise
from pixpaint.scaling import quantized

BYTES = torch.arange(256, dtype=torch.uint8)
WIDE = {"rtol": 0, "atol": 3e-4}


def grey_probabilities(output, params: torch.Tensor) -> torch.Tensor:
    """p of each of the bytes it knows under params (P,)."""
    known = BYTES[:: 255 // (output.levels - 1)]
    x = bytes_to_units(known, torch.float64).view(-1, 1, 1, 1)
    return output.log_prob(params.view(1, -1, 1, 1).expand(len(known), -1, -1, -1), x)[:, 0, 0].exp()


@pytest.mark.parametrize("mean", [-1.3, -1.0, 0.0, 0.998, 1.2])
@pytest.mark.parametrize("log_scale", [-9.0, -4.0, -1.0, 2.0])
@pytest.mark.parametrize("levels", [4, 16, 256])
def test_grey_bins_sum_to_one_with_both_tails(mean: float, log_scale: float, levels: int) -> None:
    output = DiscretizedLogisticMixture(1, 2, levels)
    params = torch.tensor([0.3, -0.2, mean, 0.4, log_scale, -2.0], dtype=torch.float64)
    torch.testing.assert_close(grey_probabilities(output, params).sum(), torch.tensor(1.0).double(), **WIDE)


def test_a_level_is_as_likely_as_all_the_bytes_that_are_nearest_to_it() -> None:
    """16 levels are 256 of them, seen through `quantized`: their bins end where bins of bytes do."""
    params = torch.tensor([0.3, -0.2, -0.35, 0.6, -1.5, -1.0], dtype=torch.float64)
    few, all_bytes = (grey_probabilities(DiscretizedLogisticMixture(1, 2, n), params) for n in (16, 256))
    nearest = torch.from_numpy(quantized(BYTES.numpy(), 16)).long() // 17
    summed = torch.zeros(16, dtype=torch.float64).index_add_(0, nearest, all_bytes)
    torch.testing.assert_close(few, summed, rtol=0, atol=1e-6)


def test_wide_bins_far_out_cost_what_they_hold() -> None:
    """Far below the mean the logistic's distribution function is e^((x - mean) / s)."""
    scale = math.exp(-5.0)
    params = torch.tensor([0.0, 0.9, -5.0], dtype=torch.float64).view(1, 3, 1, 1)
    x = torch.full((1, 1, 1, 1), -1 / 5, dtype=torch.float64)
    upper, lower = ((float(x) + edge / 15 - 0.9) / scale for edge in (1, -1))
    nats = DiscretizedLogisticMixture(1, 1, 16).log_prob(params, x).item()
    assert nats == pytest.approx(upper + math.log1p(-math.exp(lower - upper)), abs=1e-9)


def test_colour_bins_sum_to_one_at_every_channel() -> None:
    """Each channel given those before it sums to one, so all colours together do."""
    output = DiscretizedLogisticMixture(3, 2)
    params = torch.randn(20, dtype=torch.float64, generator=torch.Generator().manual_seed(3))
    params[8:10] = params[14:16] = -1.0

    def joint(*channels: torch.Tensor) -> torch.Tensor:
        x = torch.stack([bytes_to_units(c, torch.float64) for c in torch.broadcast_tensors(*channels)])
        flat = x.reshape(1, 3, 1, -1)
        return output.log_prob(params.view(1, -1, 1, 1).expand(-1, -1, 1, flat.shape[3]), flat)[0, 0].exp()

    whole = 0.0
    for red in range(256):
        green = BYTES.view(256, 1)
        whole += float(joint(torch.tensor(red, dtype=torch.uint8), green, BYTES.view(1, 256)).sum())
    assert whole == pytest.approx(1.0, abs=1e-3)


def test_mixture_of_one_narrow_component_is_nearly_certain() -> None:
    output = DiscretizedLogisticMixture(1, 1)
    params = torch.tensor([0.0, float(bytes_to_units(torch.tensor(100)).item()), -7.0])
    probabilities = grey_probabilities(output, params.double())
    # Half a bin is 1/255 and the scale e^-7: sigmoid(4.3) - sigmoid(-4.3).
    assert float(probabilities[100]) == pytest.approx(0.9733, abs=1e-4)


def test_log_scales_below_minus_seven_count_as_minus_seven() -> None:
    output = DiscretizedLogisticMixture(1, 1)
    a, b = (grey_probabilities(output, torch.tensor([0.0, 0.1, s]).double()) for s in (-7.0, -20.0))
    torch.testing.assert_close(a, b)


def test_gradients_stay_finite_far_out_on_a_tail() -> None:
    output = DiscretizedLogisticMixture(1, 1)
    params = torch.tensor([0.0, 0.9, -7.0]).view(1, 3, 1, 1).requires_grad_()
    output.log_prob(params, torch.full((1, 1, 1, 1), -0.5)).sum().backward()
    assert torch.isfinite(params.grad).all()
    assert params.grad[0, 1] != 0


def literal_rgb(params: list[float], byte: tuple[int, int, int]) -> float:
    """Nats of one colour under two components, written down number by number from section 2.1 and 2.2."""

    def sigmoid(z: float) -> float:
        return 1 / (1 + math.exp(-z))

    red, green, blue = ((b - 127.5) / 127.5 for b in byte)
    weights = [math.exp(logit) for logit in params[:2]]
    total = 0.0
    for k in range(2):
        (mean_r, scale_r, c0), (mean_g, scale_g, c1), (mean_b, scale_b, c2) = (
            (params[2 + 6 * c + k], math.exp(params[4 + 6 * c + k]), math.tanh(params[6 + 6 * c + k]))
            for c in range(3)
        )
        mean_g += c0 * red
        mean_b += c1 * red + c2 * green
        p = weights[k] / sum(weights)
        for x, mean, scale in ((red, mean_r, scale_r), (green, mean_g, scale_g), (blue, mean_b, scale_b)):
            above = 1.0 if x == 1 else sigmoid((x + 1 / 255 - mean) / scale)
            below = 0.0 if x == -1 else sigmoid((x - 1 / 255 - mean) / scale)
            p *= above - below
        total += p
    return math.log(total)


@pytest.mark.parametrize(
    "byte", [(200, 40, 90), (90, 200, 40), (0, 130, 255), (255, 0, 128), (255, 255, 0), (17, 18, 19)]
)
def test_a_colour_s_likelihood_is_that_computed_by_hand(byte: tuple[int, int, int]) -> None:
    params = [0.7, -0.4]  # logits
    params += [0.3, -0.5, -1.1, -0.8, 0.9, -0.2]  # red: means, log-scales, green's coefficients on red
    params += [-0.1, 0.4, -0.9, -1.3, -0.6, 1.4]  # green; blue's on red
    params += [0.2, -0.3, -1.2, -0.7, 0.35, -1.0]  # blue; blue's on green
    x = bytes_to_units(torch.tensor(byte, dtype=torch.uint8), torch.float64).view(1, 3, 1, 1)
    nats = DiscretizedLogisticMixture(3, 2).log_prob(
        torch.tensor(params, dtype=torch.float64).view(1, -1, 1, 1), x
    )
    assert nats.item() == pytest.approx(literal_rgb(params, byte), abs=1e-9)


def test_far_out_on_a_tail_the_density_stands_for_the_bin() -> None:
    """13 scales from the mean a bin has a millionth of a hundredth of the mass: too little for float32's sigmoids."""
    mean, log_scale, byte = -0.9, -2.0, 242
    x, scale = (byte - 127.5) / 127.5, math.exp(log_scale)
    z = (x - mean) / scale
    density = math.exp(-z) / (scale * (1 + math.exp(-z)) ** 2)
    params = torch.tensor([0.0, mean, log_scale]).view(1, -1, 1, 1)
    nats = DiscretizedLogisticMixture(1, 1).log_prob(params, torch.full((1, 1, 1, 1), x)).item()
    assert nats == pytest.approx(math.log(density * 2 / 255), abs=1e-4)
    low, high = math.exp(-(z + 1 / 255 / scale)), math.exp(-(z - 1 / 255 / scale))
    assert nats == pytest.approx(math.log((high - low) / ((1 + high) * (1 + low))), abs=1e-3)


def chi_square(counts: np.ndarray, expected: np.ndarray) -> float:
    """The statistic over bins merged until each expects at least 10, in standard deviations from its mean."""
    bins, want, have = [], 0.0, 0.0
    for e, c in zip(expected, counts, strict=True):
        want, have = want + e, have + c
        if want >= 10:
            bins.append((have - want) ** 2 / want)
            want = have = 0.0
    return (sum(bins) - len(bins)) / (2 * len(bins)) ** 0.5


def noise_planes(count: int) -> torch.Tensor:
    return torch.from_numpy(draw_noise(11, 0, 0, 0, count // 500, 500)).movedim(-1, 0)[None]


@pytest.mark.parametrize("levels", [16, 256])
def test_grey_draws_follow_the_distribution(levels: int) -> None:
    output = DiscretizedLogisticMixture(1, 3, levels)
    params = torch.tensor([0.5, 0.0, -1.0, -1.05, 0.3, 0.95, -2.0, -3.0, -1.5], dtype=torch.float64)
    noise = noise_planes(200_000)
    drawn = output.sample(params.view(1, -1, 1, 1).expand(1, -1, *noise.shape[2:]), noise)
    counts = np.bincount(drawn.flatten().numpy(), minlength=256)[:: 255 // (levels - 1)]
    assert counts.sum() == drawn.numel()
    expected = grey_probabilities(output, params).numpy() * counts.sum()
    assert chi_square(counts, expected) < 4


def test_colder_grey_draws_follow_the_sharpened_distribution() -> None:
    """At temperature 0.5 logits are doubled and scales halved."""
    output = DiscretizedLogisticMixture(1, 3)
    params = torch.tensor([0.5, 0.0, -1.0, -1.05, 0.3, 0.95, -2.0, -3.0, -1.5], dtype=torch.float64)
    noise = noise_planes(200_000)
    drawn = output.sample(
        params.view(1, -1, 1, 1).expand(1, -1, *noise.shape[2:]), noise, Tempering(0.5, 0.5)
    )
    counts = np.bincount(drawn.flatten().numpy(), minlength=256)
    sharpened = torch.cat([params[:3] / 0.5, params[3:6], params[6:] + math.log(0.5)])
    assert chi_square(counts, grey_probabilities(output, sharpened).numpy() * counts.sum()) < 4
    assert chi_square(counts, grey_probabilities(output, params).numpy() * counts.sum()) > 100


@pytest.mark.parametrize("channels", [1, 3])
def test_shifted_parameters_describe_what_is_added_to_a_base(channels: int) -> None:
    """In the middle of the range, where no tail is cut: p(base + y) under the shifted is p(y) under the others."""
    output = DiscretizedLogisticMixture(channels, 4)
    generator = torch.Generator().manual_seed(0)
    params = torch.randn(2, output.parameters, 3, 3, dtype=torch.float64, generator=generator) * 0.3
    y = (torch.randint(-20, 20, (2, channels, 3, 3), generator=generator) * 2).double() / 255
    base = (torch.randint(-20, 20, (2, channels, 3, 3), generator=generator) * 2).double() / 255
    shifted = output.shifted(params, base[:, :, None])
    torch.testing.assert_close(output.log_prob(shifted, y + base), output.log_prob(params, y))
    torch.testing.assert_close(output.shifted(params, torch.zeros_like(base)[:, :, None]), params)


@pytest.mark.parametrize("channels", [1, 3])
def test_each_component_may_be_shifted_by_itself(channels: int) -> None:
    """The probability is the components', each shifted alone, by their shares."""
    output = DiscretizedLogisticMixture(channels, 3)
    one = DiscretizedLogisticMixture(channels, 1)
    generator = torch.Generator().manual_seed(0)
    params = torch.randn(1, output.parameters, 2, 2, dtype=torch.float64, generator=generator) * 0.3
    base = torch.rand(1, channels, 3, 2, 2, dtype=torch.float64, generator=generator) * 0.2
    x = torch.randint(-20, 20, (1, channels, 2, 2), generator=generator).double() * 2 / 255
    alone = []
    for k in range(3):
        own = torch.cat([torch.zeros_like(params[:, :1]), params[:, 3 + k :: 3]], 1)
        alone.append(one.log_prob(one.shifted(own, base[:, :, k : k + 1]), x))
    shares = torch.log_softmax(params[:, :3], 1)
    wanted = torch.logsumexp(torch.stack(alone, 1) + shares, 1)
    torch.testing.assert_close(output.log_prob(output.shifted(params, base), x), wanted)


def test_choice_and_scale_are_sharpened_apart_and_unlikely_components_are_left_out() -> None:
    output = DiscretizedLogisticMixture(1, 3)
    params = torch.tensor([0.5, 0.0, -1.0, -1.05, 0.3, 0.95, -2.0, -3.0, -1.5], dtype=torch.float64)
    noise = noise_planes(200_000)
    shares = torch.softmax(params[:3] / 0.8, 0)
    assert shares[0] < 0.6 < shares[0] + shares[1]  # so two of the three are kept
    drawn = output.sample(
        params.view(1, -1, 1, 1).expand(1, -1, *noise.shape[2:]), noise, Tempering(0.8, 0.6, 0.6)
    )
    counts = np.bincount(drawn.flatten().numpy(), minlength=256)
    logits = torch.tensor([0.5 / 0.8, 0.0, -1e9], dtype=torch.float64)
    sharpened = torch.cat([logits, params[3:6], params[6:] + math.log(0.6)])
    assert chi_square(counts, grey_probabilities(output, sharpened).numpy() * counts.sum()) < 4


def test_colour_draws_follow_the_distribution() -> None:
    """Red's counts, then green's and blue's given the commonest colours before them."""
    output = DiscretizedLogisticMixture(3, 2)
    params = torch.randn(20, dtype=torch.float64, generator=torch.Generator().manual_seed(5))
    for scale in (4, 10, 16):
        params[scale : scale + 2] = -4.0
    noise = noise_planes(400_000)
    drawn = output.sample(params.view(1, -1, 1, 1).expand(1, -1, *noise.shape[2:]), noise)
    drawn = drawn[0].flatten(1).numpy()
    for channel in range(3):
        kept = drawn
        for before in range(channel):
            value = np.bincount(kept[before]).argmax()
            kept = kept[:, kept[before] == value]
        counts = np.bincount(kept[channel], minlength=256)
        expected = conditional(output, params, kept[:channel, :1]) * counts.sum()
        assert counts.sum() > 500
        assert chi_square(counts, expected) < 4


def conditional(output, params: torch.Tensor, before: np.ndarray) -> np.ndarray:
    """p of the next channel's bytes given those before it, the channels after it summed over all their bytes."""
    after = 2 - len(before)
    axes = [torch.tensor(int(v), dtype=torch.uint8) for v in before.flatten()]
    axes += [BYTES.view(-1, *[1] * (after - i)) for i in range(after + 1)]
    if (
        after == 2
    ):  # 256^3 is a lot: green and blue integrate to one by construction, so red's marginal is a grey mixture
        grey = DiscretizedLogisticMixture(1, 2)
        return grey_probabilities(grey, torch.cat([params[:2], params[2:6]])).numpy()
    x = torch.stack([bytes_to_units(c, torch.float64) for c in torch.broadcast_tensors(*axes)])
    flat = x.reshape(1, 3, 1, -1)
    log_prob = output.log_prob(params.view(1, -1, 1, 1).expand(-1, -1, 1, flat.shape[3]), flat)
    joint = log_prob.exp().reshape(256, -1).sum(1)
    return (joint / joint.sum()).numpy()


def test_bernoulli_draws_follow_the_distribution() -> None:
    noise = noise_planes(100_000)
    params = torch.full((1, 1, *noise.shape[2:]), 0.8, dtype=torch.float64)
    drawn = Bernoulli().sample(params, noise)
    assert set(drawn.unique().tolist()) == {0, 255}
    p = 1 / (1 + np.exp(-0.8))
    assert float((drawn == 255).double().mean()) == pytest.approx(p, abs=4 * (p * (1 - p) / 100_000) ** 0.5)
    x = bytes_to_units(drawn, torch.float64)
    assert float(Bernoulli().log_prob(params, x).exp()[drawn[:, 0] == 255][0]) == pytest.approx(p)


@pytest.mark.parametrize(
    "output", [DiscretizedLogisticMixture(1, 2), DiscretizedLogisticMixture(3, 2), Bernoulli()]
)
def test_at_temperature_zero_the_draw_does_not_depend_on_the_noise(output) -> None:
    params = torch.randn(1, output.parameters, 4, 4)
    a, b = (
        output.sample(
            params,
            torch.from_numpy(draw_noise(seed, 0, 0, 0, 4, 4)).movedim(-1, 0)[None].float(),
            Tempering(0.0, 0.0),
        )
        for seed in (1, 2)
    )
    assert torch.equal(a, b)


def test_bytes_and_units_are_inverse_and_out_of_range_is_cut() -> None:
    assert torch.equal(units_to_bytes(bytes_to_units(BYTES)), BYTES)
    assert units_to_bytes(torch.tensor([-9.0, 9.0])).tolist() == [0, 255]


def test_softmax_bytes_of_each_channel_sum_to_one() -> None:
    output = Softmax(3)
    params = torch.randn(1, output.parameters, 1, 1, dtype=torch.float64) * 2
    x = bytes_to_units(torch.tensor([7, 200, 99]), torch.float64).view(1, 3, 1, 1)
    for channel in range(3):
        pictures = x.repeat(256, 1, 1, 1)
        pictures[:, channel, 0, 0] = bytes_to_units(BYTES, torch.float64)
        others = [c for c in range(3) if c != channel]
        logits = params.view(3, 256).log_softmax(1)
        rest = sum(logits[c, (7, 200, 99)[c]] for c in others)
        p = (output.log_prob(params.expand(256, -1, -1, -1), pictures)[:, 0, 0] - rest).exp()
        torch.testing.assert_close(p, logits[channel].exp())


def test_softmax_by_hand() -> None:
    """The byte 3 has ln 3 where all others have 0: 3 of 258 shares."""
    output = Softmax(1)
    params = torch.zeros(1, 256, 1, 1, dtype=torch.float64)
    params[0, 3] = math.log(3)
    x = bytes_to_units(torch.tensor([3, 4]), torch.float64).view(2, 1, 1, 1)
    found = output.log_prob(params.expand(2, -1, -1, -1), x).flatten()
    assert found.tolist() == pytest.approx([math.log(3 / 258), math.log(1 / 258)])
    assert output.sample(params, torch.zeros(1, 4, 1, 1), Tempering(0.0, 0.0)).item() == 3

    def drawn(uniform: float) -> int:
        noise = torch.full((1, 4, 1, 1), math.log(uniform / (1 - uniform)), dtype=torch.float64)
        return int(output.sample(params, noise).item())

    # Bytes 0 to 2 have the first 3 shares of 258, byte 3 the next 3.
    assert [drawn(share / 258) for share in (0.5, 2.9, 3.1, 5.9, 6.1, 257.9)] == [0, 2, 3, 3, 4, 255]


def test_softmax_draws_follow_its_probabilities_and_the_temperature() -> None:
    output = Softmax(3)
    logits = torch.randn(3, 256, generator=torch.Generator().manual_seed(5), dtype=torch.float64)
    noise = torch.from_numpy(draw_noise(1, 0, 0, 0, 200, 400)).permute(2, 0, 1)[None]
    for temperature in (1.0, 0.5):
        params = logits.view(1, -1, 1, 1).expand(-1, -1, 200, 400)
        drawn = output.sample(params, noise, Tempering(temperature))[0]
        for channel in range(3):
            p = (logits[channel] / temperature).softmax(0)
            found = torch.bincount(drawn[channel].flatten().long(), minlength=256) / drawn[channel].numel()
            assert float((found - p).abs().max()) < 5 * math.sqrt(float(p.max()) / drawn[channel].numel())
