"""A token of each of many sequences: the step of step/pytorch.py, for as many as the work holds."""

from step.pytorch import main

if __name__ == "__main__":
    main()
