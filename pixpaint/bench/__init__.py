"""Measurements of pixpaint itself: how fast its engines are, and how good its fills are beside other programs'."""
