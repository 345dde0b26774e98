"""Causal layers, each with one `forward(x, cache)`."""
