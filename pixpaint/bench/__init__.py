"""Measurements of pixpaint itself: how fast its engines are."""
