"""The players in PyTorch, as one writes them there, and how they take over the parameters of ours."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

Params = Mapping[str, Any]


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

    def adopt(self, params: Params) -> None:
        slopes = {slope: params[f"PReLU_{i}"] for i, slope in enumerate(self.slopes)}
        for i, block in enumerate(self.blocks):
            inner = params[f"Block_{i}"]
            matrix(block.first, inner["Dense_0"])
            matrix(block.second, inner["Dense_1"])
            slopes |= {block.first_slope: inner["PReLU_0"], block.second_slope: inner["PReLU_1"]}
        matrix(self.project, params["Dense_0"])
        matrix(self.head, params["Dense_1"])
        for slope, learnt in slopes.items():
            slope.weight.fill_(float(learnt["slope"]))


class ResidualMLP(nn.Module):
    """fingan_jax.models.residual.ResidualMLP: `[batch, channel] -> [batch, features]`."""

    def __init__(self, channels: int, features: int, sizes: Sequence[int]) -> None:
        nn.Module.__init__(self)
        ins = [channels, *sizes[:-1]]
        self.layers = nn.ModuleList(nn.Linear(i, o) for i, o in zip(ins, sizes, strict=True))
        self.slopes = nn.ModuleList(nn.PReLU() for _ in sizes)
        self.head = nn.Linear(sizes[-1], features)

    def forward(self, x: Tensor) -> Tensor:
        for layer, slope in zip(self.layers, self.slopes, strict=True):
            h = slope(layer(x))
            x = x + h if x.shape == h.shape else h
        return self.head(x)

    def adopt(self, params: Params) -> None:
        for i, (layer, slope) in enumerate(zip(self.layers, self.slopes, strict=True)):
            matrix(layer, params[f"Dense_{i}"])
            slope.weight.fill_(float(params[f"PReLU_{i}"]["slope"]))
        matrix(self.head, params[f"Dense_{len(self.layers)}"])


def matrix(layer: nn.Module, dense: Params) -> None:
    """A linear layer or convolution takes over a Dense of ours: its kernel [kernel x in, out] and bias."""
    weight = torch.tensor(np.asarray(dense["kernel"]))
    if isinstance(layer, nn.Conv1d):
        weight = weight.reshape(*layer.kernel_size, layer.in_channels, layer.out_channels).permute(2, 1, 0)
    layer.weight.copy_(weight if isinstance(layer, nn.Conv1d) else weight.T)
    layer.bias.copy_(torch.tensor(np.asarray(dense["bias"])))


def adopt_recurrence(recurrence: nn.RNNBase, params: Params) -> None:
    """nn.LSTM or nn.GRU takes over a Recurrence of ours; PyTorch's second bias, of no use to an LSTM, becomes 0."""
    for k in range(recurrence.num_layers):
        given = {name: torch.tensor(np.asarray(value)) for name, value in params["stack"][f"layer_{k}"].items()}
        weight, weight_state, bias, bias_state = (getattr(recurrence, f"{name}_l{k}") for name in WEIGHTS)
        channels = weight.shape[1]
        weight.copy_(given["kernel"][:, :channels])
        weight_state.copy_(given.get("recurrent", given["kernel"][:, channels:]))
        bias.copy_(given["bias"])
        bias_state.zero_()
        if "recurrent_bias" in given:
            bias_state[-recurrence.hidden_size :] = given["recurrent_bias"]


WEIGHTS = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
CELLS: dict[str, Callable[..., nn.RNNBase]] = {
    "fingan_jax.models.recurrent.LSTM": nn.LSTM,
    "fingan_jax.models.recurrent.GRU": nn.GRU,
}


def recurrence(channels: int, node: Mapping[str, Any]) -> nn.RNNBase:
    """The stacked recurrence that a config node of a recurrent player describes."""
    return CELLS[node["cell"]["_target_"]](channels, node["hidden"], node["layers"], batch_first=True)
