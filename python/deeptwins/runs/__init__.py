"""Run twins and keep what they did: driver, capture, runner, record."""
