"""`python -m atoll` and the `atoll` command."""

from atoll.cli import app


def main() -> None:
    """Runs the command line."""
    app()


if __name__ == "__main__":
    main()
