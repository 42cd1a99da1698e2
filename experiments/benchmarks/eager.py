"""A whole game in PyTorch, as one writes it there: what each player minimises, the updates, and what is not written."""

import copy
from collections.abc import Callable, Iterator, Mapping
from functools import partial, reduce
from typing import Any, NamedTuple

import numpy as np
import torch
from players import CONDITIONAL, NEEDY, PLAYERS
from torch import Tensor, nn
from torch.nn.functional import softplus

Score = Callable[[Tensor], Tensor]
Slope = Callable[[Score, Tensor], tuple[Tensor, Tensor]]


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


def slope_traced(score: Score, x: Tensor) -> tuple[Tensor, Tensor]:
    """The same through torch.func, which torch.compile can differentiate again."""

    def total(x: Tensor) -> tuple[Tensor, Tensor]:
        scores = score(x)
        return scores.sum(), scores

    slope, scores = torch.func.grad(total, has_aux=True)(x)
    return scores, slope.flatten(1)


def wasserstein_with_gradient_penalty(terms: Mapping[str, Any], slope_at: Slope) -> Game:
    """WGAN-GP (Gulrajani et al. 2017, arXiv 1704.00028)."""
    weight, penalty = terms["wasserstein"]["weight"], terms["gradient_penalty"]

    def disc(score: Score, real: Tensor, fake: Tensor) -> Tensor:
        mix = torch.rand(len(real), 1, 1, device=real.device)
        _, slope = slope_at(score, mix * real + (1 - mix) * fake)
        price = (slope.norm(dim=1) - penalty["target"]).square().mean()
        return weight * (score(fake) - score(real)).mean() + penalty["weight"] * price

    return Game(disc, lambda score, fake: -weight * score(fake).mean())


def non_saturating(terms: Mapping[str, Any], slope_at: Slope) -> Game:
    """The non-saturating game (Goodfellow et al. 2014, arXiv 1406.2661)."""
    weight = terms["non_saturating"]["weight"]

    def disc(score: Score, real: Tensor, fake: Tensor) -> Tensor:
        return weight * (softplus(-score(real)) + softplus(score(fake))).mean()

    return Game(disc, lambda score, fake: weight * softplus(-score(fake)).mean())


def non_saturating_with_r1(terms: Mapping[str, Any], slope_at: Slope) -> Game:
    """The non-saturating game with R1 (Mescheder et al. 2018, arXiv 1801.04406)."""
    weight, gamma = terms["non_saturating"]["weight"], terms["r1"]["weight"]

    def disc(score: Score, real: Tensor, fake: Tensor) -> Tensor:
        scores, slope = slope_at(score, real)
        losses = softplus(-scores) + softplus(score(fake))
        return weight * losses.mean() + gamma * slope.square().sum(dim=1).mean() / 2

    return Game(disc, non_saturating(terms, slope_at).gen)


GAMES = {
    "gradient_penalty,wasserstein": wasserstein_with_gradient_penalty,
    "non_saturating": non_saturating,
    "non_saturating,r1": non_saturating_with_r1,
}
KNOWN: dict[str, tuple[Any, ...]] = {
    "noise._target_": ("fingan_jax.models.noise.gaussian",),
    **{f"model.{player}._target_": tuple(PLAYERS) for player in ("gen", "disc")},
    **{f"model.{player}.spectral_norm": (False, None) for player in ("gen", "disc")},
    **{f"optimizer.{player}.optimizer._target_": ("optax.adam",) for player in ("gen", "disc")},
    **{f"optimizer.{player}.{clip}": (None,) for player in ("gen", "disc") for clip in ("clip_norm", "clip_weights")},
}


class Program(NamedTuple):
    """`gen(noise, cond) -> paths` and `disc(paths, cond) -> scores`; `advance(num_steps)` trains them."""

    gen: nn.Module
    disc: nn.Module
    advance: Callable[[int], None]


def program(cfg: Mapping[str, Any], series: np.ndarray, *, compiled: bool = False, device: str = "cpu") -> Program:
    """The program that `cfg`, a resolved conf/config.yaml, describes, on a transformed series [time, asset].

    Raises: ValueError naming the key for what is not written here.
    """
    _check(cfg)
    past, window, dim = cfg["windows"]["past"], cfg["windows"]["window"], cfg["noise"]["dim"]
    nodes = (cfg["model"][name] for name in ("gen", "disc"))
    gen, disc = (PLAYERS[node["_target_"]](node, series.shape[1], dim, past, window).to(device) for node in nodes)
    series = torch.as_tensor(series, device=device)
    step = _step(cfg, gen, disc, _batches(cfg, series), compiled)
    return Program(gen, disc, partial(_advance, step, device))


def _advance(step: Callable[[], None], device: str, num_steps: int) -> None:
    for _ in range(num_steps):
        step()
    if device != "cpu":
        torch.cuda.synchronize()


def _batches(cfg: Mapping[str, Any], series: Tensor) -> Iterator[tuple[Tensor, Tensor | None]]:
    past, size = cfg["windows"]["past"], cfg["training"]["batch_size"]
    windows = series.unfold(0, past + cfg["windows"]["window"], 1).transpose(1, 2)
    while True:
        batch = windows[torch.randint(len(windows), (size,), device=series.device)]
        yield batch[:, past:], batch[:, :past] if past else None


def _step(
    cfg: Mapping[str, Any],
    gen: nn.Module,
    disc: nn.Module,
    batches: Iterator[tuple[Tensor, Tensor | None]],
    compiled: bool,
) -> Callable[[], None]:
    settings, steps = cfg["training"], cfg["noise"].get("steps") or cfg["windows"]["window"] + gen.history
    game = GAMES[_terms(cfg)](cfg["objective"], slope_traced if compiled else slope_at)
    optimizer_gen, optimizer_disc = _adam(gen, cfg["optimizer"]["gen"]), _adam(disc, cfg["optimizer"]["disc"])
    ema = copy.deepcopy(gen).requires_grad_(False)
    averages, parameters = list(ema.parameters()), list(gen.parameters())
    make = torch.compile if compiled else lambda function: function
    generate = make(gen.forward)
    loss_disc = make(lambda real, fake, cond: game.disc(lambda x: disc(x, cond), real, fake))
    loss_gen = make(lambda z, cond: game.gen(lambda x: disc(x, cond), gen(z, cond)))

    def noise(like: Tensor) -> Tensor:
        return torch.randn(len(like), steps, cfg["noise"]["dim"], device=like.device)

    def step() -> None:
        disc.requires_grad_(True)
        for _ in range(settings["num_disc_steps"]):
            real, cond = next(batches)
            with torch.no_grad():
                fake = generate(noise(real), cond)
            _update(optimizer_disc, loss_disc(real, fake, cond))
        disc.requires_grad_(False)
        _update(optimizer_gen, loss_gen(noise(real), cond))
        torch._foreach_lerp_(averages, [p.detach() for p in parameters], 1 - settings["ema_decay"])

    return step


def _adam(network: nn.Module, cfg: Mapping[str, Any]) -> torch.optim.Adam:
    betas = (cfg["optimizer"]["b1"], cfg["optimizer"]["b2"])
    return torch.optim.Adam(network.parameters(), lr=cfg["learning_rate"], betas=betas, fused=True)


def _update(optimizer: torch.optim.Optimizer, loss: Tensor) -> None:
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


def _terms(cfg: Mapping[str, Any]) -> str:
    return ",".join(sorted(cfg["objective"]))


def _check(cfg: Mapping[str, Any]) -> None:
    if (terms := _terms(cfg)) not in GAMES:
        raise ValueError(f"objective=[{terms}]: the PyTorch program knows [{'], ['.join(GAMES)}]")
    for key, known in KNOWN.items():
        if (value := reduce(lambda node, name: node.get(name), key.split("."), cfg)) not in known:
            raise ValueError(f"{key}={value}: the PyTorch program knows only {' or '.join(map(str, known))}")
    past, players = cfg["windows"]["past"], [PLAYERS[cfg["model"][name]["_target_"]] for name in ("gen", "disc")]
    for player in players:
        if (past and player not in CONDITIONAL) or (not past and player in NEEDY):
            raise ValueError(
                f"windows.past={past}: the PyTorch {player.__name__} knows only {'none' if past else 'some'}"
            )
