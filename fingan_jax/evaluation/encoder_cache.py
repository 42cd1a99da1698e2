"""Encoders that are trained once for a set of windows: kept in a folder under the hash of what made them."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import jax
import numpy as np

from fingan_jax import atomic
from fingan_jax.evaluation.encoder import Layers, Settings, Weights, shapes, trained
from fingan_jax.evaluation.memo import remembered

VERSION = 1  # of the encoder and its training: one more where either computes something else
DIGEST = "sha256"


def encoders(
    windows: np.ndarray, seeds: Sequence[int], settings: Settings, folder: str | Path | None = None
) -> list[Weights]:
    """An encoder for each seed, trained on `windows`, in `folder` if it was trained before.

    A file is named by the sha256 of the windows, settings, seed and version, and holds one of its own content: one that
    is damaged or holds other arrays than an encoder of these windows is written again. Without a folder the encoders
    are kept as long as the process runs.
    """
    place = None if folder is None else Path(folder).expanduser()
    return [_encoder(windows, seed, settings, place) for seed in seeds]


def _encoder(windows: np.ndarray, seed: int, settings: Settings, folder: Path | None) -> Weights:
    if folder is None:
        return _trained(windows, seed, settings)
    path = folder / f"{_name(windows, seed, settings)}.npz"
    weights = _load(path, shapes(windows.shape[1], windows.shape[2], settings))
    if weights is None:
        weights = _trained(windows, seed, settings)
        folder.mkdir(parents=True, exist_ok=True)
        with atomic.replacing(path) as file:
            np.savez(file, **(weights | {DIGEST: np.array(_digest(weights))}))
    return weights


@remembered
def _trained(windows: np.ndarray, seed: int, settings: Settings) -> Weights:
    return {name: np.asarray(x) for name, x in trained(jax.random.key(seed), windows, settings).items()}


def _name(windows: np.ndarray, seed: int, settings: Settings) -> str:
    said = f"{VERSION} {tuple(settings)} {seed} {windows.shape} {windows.dtype.str}"
    return hashlib.sha256(said.encode() + np.ascontiguousarray(windows).tobytes()).hexdigest()


def _digest(weights: Weights) -> str:
    digest = hashlib.sha256()
    for name in sorted(weights):
        digest.update(f"{name} {weights[name].dtype} {weights[name].shape}".encode() + weights[name].tobytes())
    return digest.hexdigest()


def _load(path: Path, layers: Layers) -> Weights | None:
    """The encoder in a file; None where there is none, or it is not whole."""
    try:
        with np.load(path, allow_pickle=False) as file:
            weights = {name: file[name] for name in file.files}
    except Exception:  # a damaged file may raise anything
        return None
    digest = weights.pop(DIGEST, None)
    expected = {name: (shape, np.dtype(np.float32)) for name, (shape, _) in layers.items()}
    alike = expected == {name: (x.shape, x.dtype) for name, x in weights.items()}
    return weights if alike and str(digest) == _digest(weights) else None
