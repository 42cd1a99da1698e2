"""Generated paths as a file that any tool reads: Parquet or CSV in long form, or npz."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

Writer = Callable[[Path, pd.DataFrame], None]
TABLES: dict[str, Writer] = {
    ".parquet": lambda path, frame: frame.to_parquet(path, index=False),
    ".csv": lambda path, frame: frame.to_csv(path, index=False),
}
FORMATS = (*TABLES, ".npz")


def check_target(path: Path) -> None:
    """Raises ValueError if `path` cannot be written: another format, or no such folder."""
    if path.suffix not in FORMATS:
        raise ValueError(f"out={path}: the name must end in one of {', '.join(FORMATS)}")
    if not path.parent.is_dir():
        raise ValueError(f"out={path}: the folder {path.parent} does not exist, make it first")


def frame(returns: np.ndarray, prices: np.ndarray, names: Sequence[str]) -> pd.DataFrame:
    """One row for each path (from 0), day (from 1) and asset: its `log_return`, and the `price` at the day's end."""
    paths, days, assets = returns.shape
    path, day, asset = np.meshgrid(np.arange(paths), np.arange(1, days + 1), np.arange(assets), indexing="ij")
    return pd.DataFrame(
        {
            "path": path.ravel().astype(np.int32),
            "day": day.ravel().astype(np.int32),
            "asset": pd.Categorical.from_codes(asset.ravel(), categories=pd.Index(names)),
            "log_return": returns.ravel(),
            "price": prices.ravel(),
        }
    )


def write(path: Path, *, returns: np.ndarray, prices: np.ndarray, names: Sequence[str]) -> None:
    """Writes paths [path, day, asset] to `path`, whole or not at all; equal paths give equal bytes."""
    scratch = path.with_name(path.name + ".tmp")
    if path.suffix == ".npz":
        with scratch.open("wb") as file:
            np.savez(file, returns=returns, prices=prices, names=np.array(names))
    else:
        TABLES[path.suffix](scratch, frame(returns, prices, names))
    os.replace(scratch, path)
