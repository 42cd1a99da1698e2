"""Generated paths as a file that any tool reads: Parquet or CSV in long form, or npz."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import IO

import numpy as np
import pandas as pd

from fingan_jax.atomic import replacing

Writer = Callable[[IO[bytes], pd.DataFrame], None]
TABLES: dict[str, Writer] = {
    ".parquet": lambda file, frame: frame.to_parquet(file, index=False),
    ".csv": lambda file, frame: frame.to_csv(file, index=False),
}
FORMATS = (*TABLES, ".npz")


def check_target(path: Path) -> None:
    """Raises ValueError if `path` cannot be written: another format, or no such folder."""
    if path.suffix not in FORMATS:
        raise ValueError(f"out={path}: the name must end in one of {', '.join(FORMATS)}")
    if not path.parent.is_dir():
        raise ValueError(f"out={path}: the folder {path.parent} does not exist, make it first")


def frame(
    returns: np.ndarray, prices: np.ndarray, names: Sequence[str], column: str | None = "log_return"
) -> pd.DataFrame:
    """One row for each path (from 0), day (from 1) and asset: its `log_return`, and the `price` at the day's end.

    What is modelled is in `column`, without which the prices stand alone: they are what a model of levels writes.
    """
    paths, days, assets = returns.shape
    path, day, asset = np.meshgrid(np.arange(paths), np.arange(1, days + 1), np.arange(assets), indexing="ij")
    return pd.DataFrame(
        {
            "path": path.ravel().astype(np.int32),
            "day": day.ravel().astype(np.int32),
            "asset": pd.Categorical.from_codes(asset.ravel(), categories=pd.Index(names)),
            **({column: returns.ravel()} if column else {}),
            "price": prices.ravel(),
        }
    )


def write(
    path: Path,
    *,
    returns: np.ndarray,
    prices: np.ndarray,
    names: Sequence[str],
    column: str | None = "log_return",
) -> None:
    """Writes paths [path, day, asset] to `path`, whole or not at all; equal paths give equal bytes.

    `column` is as for `frame`; in npz what is modelled is `returns`, whatever it is.
    """
    with replacing(path) as file:
        if path.suffix == ".npz":
            np.savez(file, returns=returns, prices=prices, names=np.array(names))  # type: ignore[arg-type]
        else:
            TABLES[path.suffix](file, frame(returns, prices, names, column))
