"""Adversarial models of financial time series in JAX: one train step and one loop for every paper."""

__version__ = "0.1.0"
