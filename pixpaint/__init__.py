"""pixpaint paints what is missing in a picture, row by row, with autoregressive models."""

__version__ = "0.1.0"
