"""`python -m wherein` is the command `wherein`."""

from wherein.cli import main

if __name__ == "__main__":
    main()
