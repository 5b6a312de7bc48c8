"""python -m tests.fuzz TARGET SECONDS FOLDER: looks for inputs that a reader does not bear.

With atheris, which learns from what the program does with an input. What it finds it leaves in a
file `crash-…` in the present folder; FOLDER keeps the inputs that led somewhere new.
"""

import sys

import atheris

with atheris.instrument_imports(include=["utils"]):
    from tests.fuzz.targets import SEEDS, TARGETS


def main() -> None:
    """Fuzzes one target."""
    name, seconds = sys.argv[1:3]
    folder = sys.argv[3]
    for number, seed in enumerate(SEEDS[name]):
        with open(f"{folder}/{name}-{number}", "wb") as file:
            file.write(seed)
    atheris.Setup([sys.argv[0], f"-max_total_time={seconds}", folder], TARGETS[name])
    atheris.Fuzz()


if __name__ == "__main__":
    main()
