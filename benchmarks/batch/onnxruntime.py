"""One token of each sequence of a batch: the step of step/onnxruntime.py with the batch size of the work."""

from step.onnxruntime import main

if __name__ == "__main__":
    main()
