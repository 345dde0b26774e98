"""Filling a hole: plans, noise, engines, events."""
