"""The Quant GAN in eager PyTorch, as one writes it there: the other side of the speed comparison."""

import copy
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn


class Block(nn.Module):
    """Two causal convolutions, each followed by PReLU, `[batch, channel, time] -> [batch, features, fewer times]`."""

    def __init__(self, channels: int, features: int, kernel: int, dilation: int) -> None:
        nn.Module.__init__(self)
        self.layers = nn.Sequential(
            nn.Conv1d(channels, features, kernel, dilation=dilation),
            nn.PReLU(),
            nn.Conv1d(features, features, kernel, dilation=dilation),
            nn.PReLU(),
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x)


class TCN(nn.Module):
    """`[batch, time, channel] -> [batch, time - receptive field + 1, features]`: fingan_jax.models.tcn, convolved."""

    def __init__(self, channels: int, features: int, hidden: int, dilations: Sequence[int]) -> None:
        nn.Module.__init__(self)
        later = [Block(hidden, hidden, 2, dilation) for dilation in dilations]
        self.blocks = nn.ModuleList([Block(channels, hidden, 1, 1), *later])
        self.project = nn.Conv1d(channels, hidden, 1)
        self.slopes = nn.ModuleList(nn.PReLU() for _ in dilations)
        self.head = nn.Conv1d(hidden, features, 1)
        self.field = 1 + 2 * sum(dilations)

    def forward(self, x: Tensor) -> Tensor:
        x = x.transpose(1, 2)
        steps = x.shape[2] - self.field + 1
        residual, skip = self.project(x), torch.zeros(())
        h = x
        for block, slope in zip(self.blocks, [*self.slopes, None], strict=True):
            out = block(h)
            skip = skip + out[:, :, -steps:]
            if slope is not None:
                h = slope(out + residual[:, :, -out.shape[2] :])
                residual = h
        return self.head(skip).transpose(1, 2)


def prototype(series, window=127, batch=64, hidden=80, ndisc=5, dil=(1,2,4,8,16,32), nz=3, lam=10.0):
    gen = TCN(nz, 1, hidden, dil); disc = TCN(1, 1, hidden, dil)
    ema = copy.deepcopy(gen)
    og = torch.optim.Adam(gen.parameters(), 3e-5, betas=(0.0, 0.9)); od = torch.optim.Adam(disc.parameters(), 1e-4, betas=(0.0, 0.9))
    windows = torch.as_tensor(series).unfold(0, window, 1).transpose(1, 2)

    def fake(): return gen(torch.randn(batch, window + gen.field - 1, nz))
    def score(x): return disc(x)[:, -1, 0]

    def step():
        disc.requires_grad_(True)
        for _ in range(ndisc):
            real = windows[torch.randint(len(windows), (batch,))]
            with torch.no_grad(): x = fake()
            mix = torch.rand(batch, 1, 1)
            point = (mix * real + (1 - mix) * x).requires_grad_(True)
            (g,) = torch.autograd.grad(score(point).sum(), point, create_graph=True)
            pen = ((g.flatten(1).norm(dim=1) - 1) ** 2).mean()
            loss = score(x).mean() - score(real).mean() + lam * pen
            od.zero_grad(); loss.backward(); od.step()
        disc.requires_grad_(False)
        loss = -score(fake()).mean()
        og.zero_grad(); loss.backward(); og.step()
        with torch.no_grad():
            for a, b in zip(ema.parameters(), gen.parameters()): a.lerp_(b, 0.002)
        return loss
    return step
