"""A token of each of many sequences: the step of step/keras.py, whose --batch is the number of sequences."""

from step.keras import main

if __name__ == "__main__":
    main()
