"""`python -m infra.cli` is `tenure`."""

from infra.cli import main

if __name__ == "__main__":
    main(prog_name="tenure")
