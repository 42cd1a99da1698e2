"""The Quant GAN in eager PyTorch, as one writes it there: the other side of experiments/benchmark.py."""

import copy
from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import softplus

Score = Callable[[Tensor], Tensor]


class Block(nn.Module):
    """Two causal convolutions, each followed by PReLU: `[batch, channel, time] -> [batch, features, fewer times]`."""

    def __init__(self, channels: int, features: int, kernel: int = 1, dilation: int = 1) -> None:
        nn.Module.__init__(self)
        self.first = nn.Conv1d(channels, features, kernel, dilation=dilation)
        self.first_slope = nn.PReLU()
        self.second = nn.Conv1d(features, features, kernel, dilation=dilation)
        self.second_slope = nn.PReLU()

    def forward(self, x: Tensor) -> Tensor:
        x = self.first_slope(self.first(x))
        return self.second_slope(self.second(x))


class TCN(nn.Module):
    """fingan_jax.models.tcn.TCN with convolutions: `[batch, time, channel] -> [batch, time - field + 1, features]`."""

    def __init__(self, channels: int, features: int, hidden: int, dilations: Sequence[int]) -> None:
        nn.Module.__init__(self)
        self.field = 1 + 2 * sum(dilations)
        self.blocks = nn.ModuleList([Block(channels, hidden), *(Block(hidden, hidden, 2, d) for d in dilations)])
        self.project = nn.Conv1d(channels, hidden, 1)
        self.slopes = nn.ModuleList(nn.PReLU() for _ in dilations)
        self.head = nn.Conv1d(hidden, features, 1)

    def forward(self, x: Tensor) -> Tensor:
        x = x.transpose(1, 2)
        steps = x.shape[2] - self.field + 1
        out, h = self.blocks[0](x), self.project(x)
        skip = out[:, :, -steps:]
        for block, slope in zip(self.blocks[1:], self.slopes, strict=True):
            h = slope(out + h[:, :, -out.shape[2] :])
            out = block(h)
            skip = skip + out[:, :, -steps:]
        return self.head(skip).transpose(1, 2)


class Game(NamedTuple):
    """What each player minimises: `disc(score, real, fake)` and `gen(score, fake)`."""

    disc: Callable[[Score, Tensor, Tensor], Tensor]
    gen: Callable[[Score, Tensor], Tensor]


def slope_at(score: Score, x: Tensor) -> tuple[Tensor, Tensor]:
    """The scores of paths and their gradients in the paths, to be differentiated again."""
    x = x.detach().requires_grad_()
    scores = score(x)
    (slope,) = torch.autograd.grad(scores.sum(), x, create_graph=True)
    return scores, slope.flatten(1)


def wasserstein_with_gradient_penalty(terms: Mapping[str, Any]) -> Game:
    """WGAN-GP (Gulrajani et al. 2017, arXiv 1704.00028)."""
    weight, penalty = terms["wasserstein"]["weight"], terms["gradient_penalty"]

    def disc(score: Score, real: Tensor, fake: Tensor) -> Tensor:
        mix = torch.rand(len(real), 1, 1)
        _, slope = slope_at(score, mix * real + (1 - mix) * fake)
        price = (slope.norm(dim=1) - penalty["target"]).square().mean()
        return weight * (score(fake) - score(real)).mean() + penalty["weight"] * price

    return Game(disc, lambda score, fake: -weight * score(fake).mean())


def non_saturating_with_r1(terms: Mapping[str, Any]) -> Game:
    """The non-saturating game with R1 (Mescheder et al. 2018, arXiv 1801.04406)."""
    weight, gamma = terms["non_saturating"]["weight"], terms["r1"]["weight"]

    def disc(score: Score, real: Tensor, fake: Tensor) -> Tensor:
        scores, slope = slope_at(score, real)
        losses = softplus(-scores) + softplus(score(fake))
        return weight * losses.mean() + gamma * slope.square().sum(dim=1).mean() / 2

    return Game(disc, lambda score, fake: weight * softplus(-score(fake)).mean())


GAMES = {
    "gradient_penalty,wasserstein": wasserstein_with_gradient_penalty,
    "non_saturating,r1": non_saturating_with_r1,
}
KNOWN: dict[str, Any] = {
    "model.gen._target_": "fingan_jax.models.convolutional.TCNGenerator",
    "model.disc._target_": "fingan_jax.models.convolutional.TCNDiscriminator",
    **{f"model.{player}.spectral_norm": False for player in ("gen", "disc")},
    "noise._target_": "fingan_jax.models.noise.gaussian",
    "noise.steps": None,
    "windows.past": 0,
    **{f"optimizer.{player}.optimizer._target_": "optax.adam" for player in ("gen", "disc")},
    **{f"optimizer.{player}.{clip}": None for player in ("gen", "disc") for clip in ("clip_norm", "clip_weights")},
}


class Program(NamedTuple):
    """The generator `gen(noise) -> paths`, the critic's network and its `score(paths)`; `advance(num_steps)` trains."""

    gen: TCN
    disc: TCN
    score: Score
    advance: Callable[[int], None]


def program(cfg: Mapping[str, Any], series: np.ndarray) -> Program:
    """The program that `cfg`, a resolved conf/config.yaml, describes, on a transformed series [time, asset].

    Raises: ValueError naming the key for what is not written here.
    """
    _check(cfg)
    gen, disc = cfg["model"]["gen"], cfg["model"]["disc"]
    assets, dim = series.shape[1], cfg["noise"]["dim"]
    players = TCN(dim, assets, gen["hidden"], gen["dilations"]), TCN(assets, 1, disc["hidden"], disc["dilations"])
    score = lambda x: players[1](x[:, -players[1].field :])[:, 0, 0]
    return Program(*players, score, _trainer(cfg, *players, score, torch.as_tensor(series)))


def _trainer(cfg: Mapping[str, Any], gen: TCN, disc: TCN, score: Score, series: Tensor) -> Callable[[int], None]:
    settings, window = cfg["training"], cfg["windows"]["window"]
    game = GAMES[",".join(sorted(cfg["objective"]))](cfg["objective"])
    optimizer_gen, optimizer_disc = _adam(gen, cfg["optimizer"]["gen"]), _adam(disc, cfg["optimizer"]["disc"])
    windows = series.unfold(0, window, 1).transpose(1, 2)
    ema = copy.deepcopy(gen).requires_grad_(False)

    def generate() -> Tensor:
        return gen(torch.randn(settings["batch_size"], window + gen.field - 1, cfg["noise"]["dim"]))

    def step() -> None:
        disc.requires_grad_(True)
        for _ in range(settings["num_disc_steps"]):
            real = windows[torch.randint(len(windows), (settings["batch_size"],))]
            with torch.no_grad():
                fake = generate()
            _update(optimizer_disc, game.disc(score, real, fake))
        disc.requires_grad_(False)
        _update(optimizer_gen, game.gen(score, generate()))
        for average, parameter in zip(ema.parameters(), gen.parameters(), strict=True):
            average.lerp_(parameter.detach(), 1 - settings["ema_decay"])

    def advance(num_steps: int) -> None:
        for _ in range(num_steps):
            step()

    return advance


def port(network: TCN, params: Mapping[str, Any]) -> None:
    """Gives `network` the parameters of a player whose body is a fingan_jax.models.tcn.TCN."""

    def matrix(convolution: nn.Conv1d, dense: Mapping[str, Any]) -> None:
        shape = (*convolution.kernel_size, convolution.in_channels, convolution.out_channels)
        convolution.weight.copy_(torch.tensor(np.asarray(dense["kernel"])).reshape(shape).permute(2, 1, 0))
        convolution.bias.copy_(torch.tensor(np.asarray(dense["bias"])))

    given = params["params"]["TCN_0"]
    slopes = {slope: given[f"PReLU_{i}"] for i, slope in enumerate(network.slopes)}
    with torch.no_grad():
        for i, block in enumerate(network.blocks):
            inner = given[f"Block_{i}"]
            matrix(block.first, inner["Dense_0"])
            matrix(block.second, inner["Dense_1"])
            slopes |= {block.first_slope: inner["PReLU_0"], block.second_slope: inner["PReLU_1"]}
        matrix(network.project, given["Dense_0"])
        matrix(network.head, given["Dense_1"])
        for slope, learnt in slopes.items():
            slope.weight.fill_(float(learnt["slope"]))


def _adam(network: TCN, cfg: Mapping[str, Any]) -> torch.optim.Adam:
    betas = (cfg["optimizer"]["b1"], cfg["optimizer"]["b2"])
    return torch.optim.Adam(network.parameters(), lr=cfg["learning_rate"], betas=betas)


def _update(optimizer: torch.optim.Optimizer, loss: Tensor) -> None:
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


def _check(cfg: Mapping[str, Any]) -> None:
    terms = ",".join(sorted(cfg["objective"]))
    if terms not in GAMES:
        raise ValueError(f"objective=[{terms}]: the PyTorch program knows [{'] and ['.join(GAMES)}]")
    for key, known in KNOWN.items():
        if (value := reduce(lambda node, name: node.get(name), key.split("."), cfg)) != known:
            raise ValueError(f"{key}={value}: the PyTorch program knows only {known}")
