"""How fast a turn is, beside a stock Rasa bot: `python -m benchmarks.turns`. How to read it: benchmarks/README.md."""
