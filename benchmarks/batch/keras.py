"""A token of each of many sequences: the step of step/keras.py, for as many as the work holds."""

from step.keras import main

if __name__ == "__main__":
    main()
