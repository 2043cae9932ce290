"""The demo population: fictitious people in real places, shaped by the printed figures (docs/demo-data.md)."""
