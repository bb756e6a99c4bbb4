"""`python -m deeptwins` is the command `deeptwins`."""

from deeptwins.cli import app

app()
