"""`python -m infra.cli` is `tenure`."""

from infra.cli.tenure import main

if __name__ == "__main__":
    main(prog_name="tenure")
