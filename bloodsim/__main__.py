"""``python -m bloodsim``: the same as the command ``bloodsim``."""

from bloodsim.cli import main

if __name__ == "__main__":
    main()
