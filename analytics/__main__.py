"""`python -m analytics` is the command `pagetally`."""

from .cli import main

main(prog_name="pagetally")
