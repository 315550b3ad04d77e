"""One token of each sequence of a batch: the step of step/pytorch.py with the batch size of the work."""

from step.pytorch import main

if __name__ == "__main__":
    main()
