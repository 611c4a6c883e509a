"""How fast a turn is, beside a stock Rasa bot: `python -m benchmarks.turns`. benchmarks/README.md says how to read it."""
