#!/usr/bin/env python3
"""The C interface from Python, by ctypes alone: a piece and its tokens. usage: program.py LIBRARY MODEL PIECE.mid"""
import ctypes
import sys

library, model_file, piece = sys.argv[1:]
gruve = ctypes.CDLL(library)


class Sampling(ctypes.Structure):
    _fields_ = [("temperature", ctypes.c_float), ("return_temperature", ctypes.c_float), ("top_k", ctypes.c_int),
                ("top_p", ctypes.c_float), ("min_p", ctypes.c_float)]


class Limits(ctypes.Structure):
    _fields_ = [("scale", ctypes.c_uint), ("lowest_key", ctypes.c_int), ("highest_key", ctypes.c_int),
                ("max_keys", ctypes.c_int), ("max_notes_per_quarter", ctypes.c_int), ("max_held", ctypes.c_double),
                ("max_silence", ctypes.c_double), ("max_repeats", ctypes.c_int)]


class PieceOptions(ctypes.Structure):
    _fields_ = [("sampling", Sampling), ("limits", Limits), ("seed", ctypes.c_uint64), ("bars", ctypes.c_int),
                ("seconds", ctypes.c_double), ("tokens", ctypes.c_size_t), ("bpm", ctypes.c_double), ("louder", ctypes.c_int),
                ("primer", ctypes.c_char_p), ("primer_size", ctypes.c_size_t), ("form", ctypes.POINTER(ctypes.c_int)),
                ("form_size", ctypes.c_size_t)]


gruve.gruve_load_file.restype = gruve.gruve_generate_midi.restype = gruve.gruve_encode.restype = ctypes.c_void_p
gruve.gruve_error.restype = ctypes.c_char_p

assert gruve.gruve_load_file(b"no such file", 0, 1) is None and b"no such file" in gruve.gruve_error()
model = ctypes.c_void_p(gruve.gruve_load_file(model_file.encode(), 0, 1))
assert model, gruve.gruve_error()
options = PieceOptions()
gruve.gruve_default_piece_options(ctypes.byref(options))
assert options.limits.scale == 0xFFF and options.limits.highest_key == 108 and options.seed == 1
options.seed, options.bars = 7, 8
options.sampling.temperature = options.sampling.return_temperature = 0.8
size, count = ctypes.c_size_t(), ctypes.c_size_t()
midi = ctypes.c_void_p(gruve.gruve_generate_midi(model, ctypes.byref(options), ctypes.byref(size)))
assert midi, gruve.gruve_error()
with open(piece, "wb") as file:
    file.write(ctypes.string_at(midi, size.value))
tokens = ctypes.c_void_p(gruve.gruve_encode(model, midi, size, ctypes.byref(count)))
assert tokens and count.value > 20, gruve.gruve_error()
gruve.gruve_free(tokens)
gruve.gruve_free(midi)
gruve.gruve_free_model(model)
