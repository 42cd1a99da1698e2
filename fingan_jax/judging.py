"""Judges generators that are no run of ours: the floors, and windows or paths that somebody brings as a file."""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from fingan_jax import __version__
from fingan_jax.build import as_dict, build
from fingan_jax.data import prices as priced
from fingan_jax.data.prices import Prices
from fingan_jax.data.series import log_returns
from fingan_jax.evaluation import protocol as windowed
from fingan_jax.evaluation import suite, window_words
from fingan_jax.evaluation.protocol import Protocol
from fingan_jax.evaluation.rows import ROWS
from fingan_jax.evaluation.windowing import cut_windows, disorder
from fingan_jax.identity import digest, without_caches
from fingan_jax.schema import ConfigError
from fingan_jax.training.run_folder import EVALUATION, write_json

Config = Mapping[str, Any]
FLOORS = "floors"
PARTS = ".parts.json"  # scores of the generators that are done, for a command that was stopped
HALVED = "generator at half the windows"


class Trial(NamedTuple):
    """What is judged by what: the protocol, its hash, the data, and generated windows or paths, or None."""

    judge: Any
    hash: str
    prices: Prices
    generated: np.ndarray | None


def prepare(cfg: Config, trusted: tuple[str, ...] = ()) -> Trial:
    """Checks everything before anything is computed.

    Raises: ConfigError or ValueError, naming the key and the remedy.
    """
    plain = as_dict(cfg)
    judge = build(cfg["protocol"], trusted_packages=trusted)
    if isinstance(judge, Protocol):
        windowed.check(judge)
    elif hasattr(judge, "check"):
        raise ConfigError(
            "protocol: this one scores runs on levels: give run=FOLDER, or protocol=diffusion_ts to a file"
        )
    # Windows are of every feature that the file has; a series of returns is of prices alone.
    every = {"columns": "all"} if isinstance(judge, Protocol) and plain["data"].get("columns", 0) is None else {}
    prices = build(cfg["data"], trusted_packages=trusted, **every)
    generated = None if plain["generator"] == FLOORS else read_generated(plain["generator"])
    scored = {"protocol": plain["protocol"]}
    if not isinstance(judge, Protocol):  # the hash of a run that was scored so
        scored = {"evaluation": plain["protocol"], "sampling": plain["sampling"], "windows": plain["windows"]}
    return Trial(judge, digest(without_caches(scored))[:16], prices, generated)


def read_generated(path: str) -> np.ndarray:
    """The array [N, T, D] of a .npy file, or of an .npz file with one array or one called returns or windows.

    Raises: ConfigError if there is no such file or it holds no such array.
    """
    file = Path(path)
    if not file.is_file():
        raise ConfigError(f"generator={path}: no such file: give floors, or a .npy or .npz file of [N, T, D] windows")
    try:
        found = np.load(file, allow_pickle=False)
        if isinstance(found, np.lib.npyio.NpzFile):
            names = [name for name in ("windows", "returns") if name in found.files] or found.files
            found = found[names[0]]
    except (ValueError, OSError, EOFError) as error:
        raise ConfigError(f"generator={path}: not an array of numpy: {error}") from error
    if found.ndim != 3 or found.dtype.kind not in "fiu":
        raise ConfigError(f"generator={path}: {found.dtype} of shape {found.shape}: numbers [N, T, D] are needed")
    return found.astype(float)


def judge(trial: Trial, out: Path, *, track: Callable[..., Iterable[Any]], cfg: Config) -> dict[str, Any]:
    """Scores the floors, and the generator if there is one, and writes `out`/evaluation.json: whole or not at all.

    A command that was stopped goes on with the generators that are missing.
    """
    scores = _windows if isinstance(trial.judge, Protocol) else _returns
    about = {"data_hash": priced.content_hash(trial.prices), "package_version": __version__}
    out.mkdir(parents=True, exist_ok=True)
    result = {"hash": trial.hash, "provenance": about, **scores(trial, out, track, cfg)}
    write_json(out / EVALUATION, result)
    (out / PARTS).unlink(missing_ok=True)
    return result


def _windows(trial: Trial, out: Path, track: Callable[..., Iterable[Any]], cfg: Config) -> dict[str, Any]:
    protocol: Protocol = trial.judge
    windows = cut_windows(trial.prices.values, protocol.cut)
    draws, reasons = windowed.floors(windows)
    if trial.generated is not None:
        draws["generator"] = windowed.given(windows, trial.generated)
        draws[HALVED] = windowed.at_half(draws["generator"])
    done = _parts(out, trial)
    for name in track(draws, "generator"):
        if name not in done:
            found = windowed.score(protocol, draws[name], track)
            done[name] = {"scores": windowed.summary(found), "reasons": found.reasons}
            write_json(out / PARTS, {"of": _same(trial), "done": done})
    shown = [name for name in draws if name != HALVED]
    rows = {name: done[name]["scores"] for name in shown} | {"persistence": windowed.last_value(windows)}
    failed = {name: done[name]["reasons"] for name in shown if done[name]["reasons"]}
    result = {
        "protocol": {"name": protocol.name, **protocol.cut._asdict(), "repeats": protocol.repeats,
                     "seed": protocol.seed, "metrics": list(protocol.metrics), "train_windows": len(windows.train),
                     "real_windows": len(windows.real), "features": list(trial.prices.names)},
        "floors": {name: scores for name, scores in rows.items() if name != "generator"},
        "reasons": failed | {name: {"floor": why} for name, why in reasons.items()},
    }  # fmt: skip
    if trial.generated is None:
        return result | {"findings": []}
    broken = disorder(draws["generator"](0)[1], trial.prices.names, windows.scale)
    halved = done[HALVED]["scores"]
    said = window_words.findings("generator", rows, halved=halved, disorder=broken)
    return result | {"model": rows["generator"], "findings": said}


def _same(trial: Trial) -> list[str]:
    """What scores of a command that was stopped must have been made of."""
    given = b"" if trial.generated is None else np.ascontiguousarray(trial.generated).tobytes()
    return [trial.hash, priced.content_hash(trial.prices), hashlib.sha256(given).hexdigest(), __version__]


def _parts(out: Path, trial: Trial) -> dict[str, Any]:
    path = out / PARTS
    try:
        kept = json.loads(path.read_text()) if path.is_file() else {}
    except ValueError:
        return {}
    return kept["done"] if kept.get("of") == _same(trial) else {}


def _returns(trial: Trial, out: Path, track: Callable[..., Iterable[Any]], cfg: Config) -> dict[str, Any]:
    returns = log_returns().series(trial.prices)
    split = build(cfg["windows"])(len(returns))
    train, validation, test = (returns[part] for part in split)
    if trial.generated is None:
        days = cfg["sampling"]["num_days"] or len(test)
        options = trial.judge.keywords if getattr(trial.judge, "func", None) is suite.evaluate else {}
        return suite.without_model(test, train, num_paths=cfg["sampling"]["num_paths"], num_days=days, **options)
    return trial.judge(test, trial.generated, train, validation=validation if len(validation) >= 10 else None)


def table(result: Mapping[str, Any]) -> str:
    """The scores for a terminal, the protocol's name and hash above them."""
    name = result["protocol"]["name"]
    rows = {**({"generator": result["model"]} if "model" in result else {}), **result["floors"]}
    shown = {who: {key: _spread(x) for key, x in scores.items() if x is not None} for who, scores in rows.items()}
    said = [f"{finding['verdict']}: {finding['text']}" for finding in result["findings"]]
    lost = [f"not computed, {who}: {key}: {why}" for who, found in result["reasons"].items()
            for key, why in (found.items() if isinstance(found, Mapping) else [("floor", found)])]  # fmt: skip
    goals = {row.key: row.goal.sign for row in ROWS}
    arrow = (lambda key: goals.get(key, "")) if name == suite.NAME else window_words.arrow
    scores = window_words.table(shown, arrow)
    return "\n".join([f"protocol {name}, hash {result['hash']}", "", scores, "", *said, *lost])


def _spread(value: Any) -> Mapping[str, Any]:
    """A score as the table wants it: one number has no interval."""
    return value if isinstance(value, Mapping) else {"mean": value, "low": value, "high": value}
