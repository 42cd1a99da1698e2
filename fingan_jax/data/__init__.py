"""Prices in, windows of returns out: market sources, simulators, transforms and windows."""
