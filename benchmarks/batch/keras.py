"""One token of each sequence of a batch: the step of step/keras.py with the batch size of the work."""

from step.keras import main

if __name__ == "__main__":
    main()
