"""A token of each of many sequences: the step of step/pytorch.py, whose --batch is the number of sequences."""

from step.pytorch import main

if __name__ == "__main__":
    main()
