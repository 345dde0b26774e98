"""Distributions of one pixel given the network's output parameters: likelihood and sampling.

`DiscretizedLogisticMixture` is PixelCNN++'s (arXiv 1701.05517, section 2.1 and 2.2): for each pixel a mixture of K
components; the channels of a component depend on each other linearly, green's mean on red, blue's on red and green.
`Bernoulli` is one bit a pixel. `Softmax` is any distribution over the 256 values of each channel (arXiv 1601.06759,
section 3.4); how the channels depend on each other is the network's affair, so they are drawn in turn.

Values are x in [-1, 1], x = (byte - 127.5) / 127.5. Log-likelihoods are in nats, one number a pixel (all its channels).
Randomness is an argument: noise (N, 4, H, W), whose first plane is uniform on (0, 1) and picks the component (or the
bit), and whose others are logistic, one for each channel.
"""

from typing import NamedTuple, Protocol

import torch
import torch.nn.functional as F
from torch import Tensor

from pixpaint.layers.pixels import bytes_to_units, units_to_bytes

MIN_LOG_SCALE = -7.0
SETTLED_LOG_SCALE = -5.3
"""That of a logistic with the deviation of a number uniform over four bytes, 1.15 bytes."""
LOG_127_5 = 4.848116361
VALUES = 256


class Tempering(NamedTuple):
    """How a distribution is sharpened before it is drawn from; as it stands, not at all.

    `choice` is the temperature of the choice between components (values, or a bit), `scale` that of the logistics'
    scales: 0 takes the likeliest component, or its mean. Of the components only the likeliest are kept, as few as have
    `top_p` of the probability together. `calm`, from 0 to 1, is how far a fill is made as rough as its
    surroundings, `join`, from 0, how closely it is joined to them, and `hold`, from 0 to 1, how far one of several
    levels is held to what they lead to expect, its colours or, at a finer one, all of it: see
    pixpaint/sampling/blending.py.
    """

    choice: float = 1.0
    scale: float = 1.0
    top_p: float = 1.0
    calm: float = 0.0
    join: float = 0.0
    hold: float = 0.0


AS_TRAINED = Tempering()


class Output(Protocol):
    """The distribution of a pixel."""

    parameters: int
    substeps: int
    """How many times a pixel's parameters are needed: once, or once a channel where a channel's depend on those drawn
    before it; the draw from the last ones counts."""

    def log_prob(self, params: Tensor, x: Tensor) -> Tensor:
        """Nats of pixels x (N, C, H, W) under params (N, parameters, H, W): (N, H, W)."""

    def sample(self, params: Tensor, noise: Tensor, tempering: Tempering = AS_TRAINED) -> Tensor:
        """Pixels (N, C, H, W) as uint8 from params and noise (N, 4, H, W)."""


class DiscretizedLogisticMixture:
    """K logistic components a pixel, each a value of so many `levels` in each of 1 or 3 channels.

    Parameters, in this order: K mixture logits; then for each channel K means, K log-scales and, in colour, K
    coefficients.
    """

    substeps = 1

    def __init__(self, channels: int, components: int, levels: int = VALUES) -> None:
        self.channels, self.components, self.levels = channels, components, levels
        self.per_channel = 3 if channels == 3 else 2
        self.parameters = components * (1 + self.per_channel * channels)

    def _split(self, params: Tensor) -> tuple[Tensor, Tensor]:
        """Logits (N, K, H, W), and what belongs to the channels (N, C, 2 or 3, K, H, W)."""
        n, _, height, width = params.shape
        logits, rest = params[:, : self.components], params[:, self.components :]
        return logits, rest.reshape(n, self.channels, self.per_channel, self.components, height, width)

    def _logistics(self, rest: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Means, log-scales and coefficients (N, C, ...) of the components, or of one of them, in `rest` (N, C, 2 or 3,
        ...); in grey there are no coefficients, and means in their place."""
        coefficients = torch.tanh(rest[:, :, 2]) if self.channels == 3 else rest[:, :, 0]
        return rest[:, :, 0], rest[:, :, 1].clamp(min=MIN_LOG_SCALE), coefficients

    def log_prob(self, params: Tensor, x: Tensor) -> Tensor:
        logits, rest = self._split(params)
        means, log_scales, coefficients = self._logistics(rest)
        x = x[:, :, None]  # (N, C, 1, H, W)
        if self.channels == 3:
            red, green = x[:, 0], x[:, 1]
            c0, c1, c2 = coefficients.unbind(1)
            means = torch.stack([means[:, 0], means[:, 1] + c0 * red, means[:, 2] + c1 * red + c2 * green], 1)
        centred = x - means
        inverse_scale = torch.exp(-log_scales)
        upper = inverse_scale * (centred + 1 / (self.levels - 1))
        lower = inverse_scale * (centred - 1 / (self.levels - 1))
        if self.levels == VALUES:
            middle = inverse_scale * centred
            mass = torch.sigmoid(upper) - torch.sigmoid(lower)
            # Far out on a tail the two sigmoids agree to the last digit and their difference has no gradient: there
            # the density at the bin's centre, times its width, stands for it. The inner maximum keeps log's own
            # gradient finite under where.
            density = middle - log_scales - 2 * F.softplus(middle) - LOG_127_5
            inside = torch.where(mass > 1e-5, torch.log(mass.clamp(min=1e-12)), density)
        else:  # wider bins have no one density: the same difference without cancellation
            inside = (
                F.logsigmoid(upper)
                + F.logsigmoid(-lower)
                + torch.log(-torch.expm1(-2 / (self.levels - 1) * inverse_scale))
            )
        log_mass = torch.where(
            x < -0.999, F.logsigmoid(upper), torch.where(x > 0.999, F.logsigmoid(-lower), inside)
        )
        mixture: Tensor = torch.logsumexp(log_mass.sum(1) + F.log_softmax(logits, 1), 1)
        return mixture

    def settled(self, params: Tensor) -> Tensor:
        """Parameters of the same shape for what is 0 but for the rounding of a mean of four."""
        n, _, height, width = params.shape
        logits, rest = self._split(torch.zeros_like(params))
        rest[:, :, 1].fill_(SETTLED_LOG_SCALE)
        return torch.cat([logits, rest.reshape(n, -1, height, width)], 1)

    def shifted(self, params: Tensor, base: Tensor) -> Tensor:
        """The parameters (N, P, H, W) of base + y, where y is what `params` describe; `base` (N, C, K, H, W) or, the
        same for all components, (N, C, 1, H, W)."""
        n, _, height, width = params.shape
        logits, rest = self._split(params)
        means, _, coefficients = self._logistics(rest)
        shift = base.expand_as(means)
        if (
            self.channels == 3
        ):  # a mean goes up by its own base, and down by what comes with the bases before it
            red, green, blue = shift.unbind(1)
            c0, c1, c2 = coefficients.unbind(1)
            shift = torch.stack([red, green - c0 * red, blue - c1 * red - c2 * green], 1)
        moved = torch.cat([(means + shift)[:, :, None], rest[:, :, 1:]], 2)
        return torch.cat([logits, moved.reshape(n, -1, height, width)], 1)

    def sample(self, params: Tensor, noise: Tensor, tempering: Tempering = AS_TRAINED) -> Tensor:
        logits, rest = self._split(params)
        if tempering.choice == 0:
            chosen = logits.argmax(1, keepdim=True)
        else:
            shares = _likeliest(torch.softmax(logits / tempering.choice, 1), tempering.top_p)
            cumulative = shares.cumsum(1)
            chosen = (cumulative < noise[:, :1]).sum(1, keepdim=True).clamp(max=self.components - 1)
        pick = chosen[:, None, None].expand(-1, self.channels, self.per_channel, -1, -1, -1)
        mean, log_scale, coefficient = self._logistics(rest.gather(3, pick)[:, :, :, 0])  # each (N, C, H, W)
        spread = tempering.scale * torch.exp(log_scale) * noise[:, 1 : 1 + self.channels]
        if self.channels == 1:
            return units_to_bytes(mean + spread, self.levels)
        # Each channel is rounded before the next one reads it: the likelihood, too, is that of the rounded values.
        red = units_to_bytes(mean[:, 0] + spread[:, 0], self.levels)
        x_red = bytes_to_units(red, mean.dtype)
        green = units_to_bytes(mean[:, 1] + coefficient[:, 0] * x_red + spread[:, 1], self.levels)
        x_green = bytes_to_units(green, mean.dtype)
        shift = coefficient[:, 1] * x_red + coefficient[:, 2] * x_green
        blue = units_to_bytes(mean[:, 2] + shift + spread[:, 2], self.levels)
        return torch.stack([red, green, blue], 1)


class Bernoulli:
    """One bit a pixel: byte 255 (x = 1) with probability sigmoid(params), else byte 0 (x = -1)."""

    parameters = 1
    substeps = 1

    def log_prob(self, params: Tensor, x: Tensor) -> Tensor:
        return F.logsigmoid(params * x)[:, 0]

    def sample(self, params: Tensor, noise: Tensor, tempering: Tempering = AS_TRAINED) -> Tensor:
        # At temperature 0 the logits become infinite, and the bit is whichever is likelier.
        bit = noise[:, :1] < torch.sigmoid(params / tempering.choice) if tempering.choice else params > 0
        return bit.to(torch.uint8) * 255


def categorical(channels: int, levels: int) -> Output:
    """The distribution of PixelCNN and its kin: of one bit (2 levels), or of 256 values in each channel."""
    return Bernoulli() if levels == 2 else Softmax(channels)


class Softmax:
    """256 logits a channel: those of red first, then green's, then blue's; each channel's, for the byte 0 first.

    Green's logits depend on red and blue's on both: of `substeps` passes a pixel, each given what the one before
    drew, the last one's parameters are those that all channels were drawn from.
    """

    def __init__(self, channels: int) -> None:
        self.parameters = VALUES * channels
        self.substeps = channels

    def _logits(self, params: Tensor) -> Tensor:
        """(N, C, 256, H, W)"""
        return params.reshape(len(params), self.substeps, VALUES, *params.shape[2:])

    def log_prob(self, params: Tensor, x: Tensor) -> Tensor:
        chosen = units_to_bytes(x)[:, :, None].long()
        return F.log_softmax(self._logits(params), 2).gather(2, chosen).sum((1, 2))

    def sample(self, params: Tensor, noise: Tensor, tempering: Tempering = AS_TRAINED) -> Tensor:
        logits = self._logits(params)
        if tempering.choice == 0:
            return logits.argmax(2).to(torch.uint8)
        # What is logistic becomes uniform by its own distribution function; the byte is where the softmax's reaches it.
        uniform = torch.sigmoid(noise[:, 1 : 1 + self.substeps, None])
        shares = torch.softmax(logits / tempering.choice, 2).flatten(0, 1)
        kept = _likeliest(shares, tempering.top_p).view_as(logits)
        below = (kept.cumsum(2) < uniform).sum(2)
        return below.clamp(max=VALUES - 1).to(torch.uint8)


def _likeliest(shares: Tensor, top_p: float) -> Tensor:
    """Probabilities (N, K, H, W) with all but the likeliest set to zero and the rest made to add up to 1: as few are
    kept as have `top_p` together, at least one, of equal ones the first."""
    if top_p >= 1:
        return shares
    ranked, order = shares.sort(stable=True, dim=1, descending=True)
    before = ranked.cumsum(1) - ranked
    kept = torch.zeros_like(shares).scatter(1, order, ranked * (before < top_p))
    return kept / kept.sum(1, keepdim=True)
