"""``python -m technopole`` is the command ``technopole``."""

from technopole.cli import main

if __name__ == "__main__":
    main()
