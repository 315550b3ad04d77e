"""A token of each of many sequences: the step of step/onnxruntime.py, whose --batch is the number of sequences."""

from step.onnxruntime import main

if __name__ == "__main__":
    main()
