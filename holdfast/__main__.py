"""`python -m holdfast`, for where the program is not on the path."""

from holdfast.cli import main

main(prog_name="holdfast")
