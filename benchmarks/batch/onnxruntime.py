"""A token of each of many sequences: the step of step/onnxruntime.py, for as many as the work holds."""

from step.onnxruntime import main

if __name__ == "__main__":
    main()
