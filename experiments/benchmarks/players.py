"""Which PyTorch player stands for which of ours: built from the same config node, called the same way."""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from networks import TCN, Params, ResidualMLP, adopt_recurrence, matrix, recurrence
from torch import Tensor, nn

Node = Mapping[str, Any]


class TCNGenerator(nn.Module):
    """Noise with its history to paths."""

    def __init__(self, node: Node, assets: int, dim: int, past: int, window: int) -> None:
        nn.Module.__init__(self)
        self.body = TCN(dim, assets, node["hidden"], node["dilations"])
        self.history = self.body.field - 1

    def forward(self, noise: Tensor, cond: Tensor | None = None) -> Tensor:
        return self.body(noise)

    def adopt(self, params: Params) -> None:
        self.body.adopt(params["TCN_0"])


class TCNDiscriminator(nn.Module):
    """A path's last steps to its score."""

    def __init__(self, node: Node, assets: int, dim: int, past: int, window: int) -> None:
        nn.Module.__init__(self)
        self.body = TCN(assets, 1, node["hidden"], node["dilations"])

    def forward(self, x: Tensor, cond: Tensor | None = None) -> Tensor:
        return self.body(x[:, -self.body.field :])[:, 0, 0]

    def adopt(self, params: Params) -> None:
        self.body.adopt(params["TCN_0"])


class AutoregressiveGenerator(nn.Module):
    """Noise and the last lags to one step after another."""

    history = 0

    def __init__(self, node: Node, assets: int, dim: int, past: int, window: int) -> None:
        nn.Module.__init__(self)
        self.lags = node["lags"]
        self.body = ResidualMLP(self.lags * assets + dim, assets, node["sizes"])

    def forward(self, noise: Tensor, cond: Tensor) -> Tensor:
        steps = list(cond[:, -self.lags :].unbind(1))
        for z in noise.unbind(1):
            steps.append(self.body(torch.cat([*steps[-self.lags :], z], dim=1)))
        return torch.stack(steps[self.lags :], dim=1)

    def adopt(self, params: Params) -> None:
        self.body.adopt(params["step"]["ResidualMLP_0"])


class ResidualDiscriminator(nn.Module):
    """The past and the path, as one vector, to a score."""

    def __init__(self, node: Node, assets: int, dim: int, past: int, window: int) -> None:
        nn.Module.__init__(self)
        self.body = ResidualMLP((past + window) * assets, 1, node["sizes"])

    def forward(self, x: Tensor, cond: Tensor) -> Tensor:
        return self.body(torch.cat([cond.flatten(1), x.flatten(1)], dim=1))[:, 0]

    def adopt(self, params: Params) -> None:
        self.body.adopt(params["ResidualMLP_0"])


class RecurrentGenerator(nn.Module):
    """Noise, step by step, to a path."""

    history = 0

    def __init__(self, node: Node, assets: int, dim: int, past: int, window: int) -> None:
        nn.Module.__init__(self)
        self.body, self.head = recurrence(dim, node), nn.Linear(node["hidden"], assets)

    def forward(self, noise: Tensor, cond: Tensor | None = None) -> Tensor:
        return self.head(self.body(noise)[0])

    def adopt(self, params: Params) -> None:
        adopt_recurrence(self.body, params["Recurrence_0"])
        matrix(self.head, params["Dense_0"])


class RecurrentForecaster(nn.Module):
    """The past's last state and noise to what follows."""

    history = 0

    def __init__(self, node: Node, assets: int, dim: int, past: int, window: int) -> None:
        nn.Module.__init__(self)
        self.shape, hidden = (-1, window, assets), node["hidden"]
        self.body, self.middle = recurrence(assets, node), nn.Linear(hidden + dim, hidden)
        self.head = nn.Linear(hidden, window * assets)

    def forward(self, noise: Tensor, cond: Tensor) -> Tensor:
        last = self.body(cond)[0][:, -1]
        h = torch.relu(self.middle(torch.cat([last, noise.flatten(1)], dim=1)))
        return self.head(h).reshape(self.shape)

    def adopt(self, params: Params) -> None:
        adopt_recurrence(self.body, params["Recurrence_0"])
        matrix(self.middle, params["Dense_0"])
        matrix(self.head, params["Dense_1"])


class RecurrentDiscriminator(nn.Module):
    """The past and the path, step by step, to a score."""

    def __init__(self, node: Node, assets: int, dim: int, past: int, window: int) -> None:
        nn.Module.__init__(self)
        self.body, self.head = recurrence(assets, node), nn.Linear(node["hidden"], 1)

    def forward(self, x: Tensor, cond: Tensor | None = None) -> Tensor:
        path = x if cond is None else torch.cat([cond, x], dim=1)
        return self.head(self.body(path)[0][:, -1])[:, 0]

    def adopt(self, params: Params) -> None:
        adopt_recurrence(self.body, params["Recurrence_0"])
        matrix(self.head, params["Dense_0"])


# These read the past of their condition; the others know none of it.
CONDITIONAL = (AutoregressiveGenerator, ResidualDiscriminator, RecurrentForecaster, RecurrentDiscriminator)
NEEDY = (AutoregressiveGenerator, RecurrentForecaster)
PLAYERS: dict[str, Callable[..., nn.Module]] = {
    "fingan_jax.models.convolutional.TCNGenerator": TCNGenerator,
    "fingan_jax.models.convolutional.TCNDiscriminator": TCNDiscriminator,
    "fingan_jax.models.residual.AutoregressiveGenerator": AutoregressiveGenerator,
    "fingan_jax.models.residual.ResidualDiscriminator": ResidualDiscriminator,
    "fingan_jax.models.recurrent.RecurrentGenerator": RecurrentGenerator,
    "fingan_jax.models.recurrent.RecurrentForecaster": RecurrentForecaster,
    "fingan_jax.models.recurrent.RecurrentDiscriminator": RecurrentDiscriminator,
}
