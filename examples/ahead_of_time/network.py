"""A library of `tessera compile --target` from Python: ctypes and numpy, nothing else.

usage: network.py LIBRARY INPUT.npy... [--output FOLDER]    runs it once; prints each output, or writes FOLDER/output_I.npy
"""
import argparse
import ctypes
import os
import sys

import numpy as np


class Tensor(ctypes.Structure):
    _fields_ = [("name", ctypes.c_char_p), ("type", ctypes.c_char_p), ("shape", ctypes.POINTER(ctypes.c_int64)),
                ("rank", ctypes.c_int64), ("bytes", ctypes.c_int64), ("scale", ctypes.c_double), ("zero_point", ctypes.c_int64)]


class Description(ctypes.Structure):
    _fields_ = [("layout", ctypes.c_int64), ("network", ctypes.c_char_p), ("compiler", ctypes.c_char_p),
                ("target", ctypes.c_char_p), ("cpu", ctypes.c_char_p), ("multiply_accumulates", ctypes.c_int64),
                ("workspace_bytes", ctypes.c_int64), ("inputs", ctypes.POINTER(Tensor)), ("input_count", ctypes.c_int64),
                ("outputs", ctypes.POINTER(Tensor)), ("output_count", ctypes.c_int64)]


class Network:
    """One instance of the network in libNAME.so."""

    def __init__(self, path, threads=1):
        self._name = os.path.basename(path).removeprefix("lib").removesuffix(".so")
        self._instance = ctypes.c_void_p()
        self._library = ctypes.CDLL(os.path.abspath(path))
        description = self._function("describe", ctypes.POINTER(Description))().contents
        self.multiply_accumulates = description.multiply_accumulates
        self.inputs = description.inputs[:description.input_count]
        self.outputs = description.outputs[:description.output_count]
        result = self._function("create", ctypes.c_int32)(threads, ctypes.byref(self._instance))
        if result != 0:
            raise MemoryError(f"no instance of {self._name}: {result}")
        self._run = self._function("run", ctypes.c_int32)
        # Asked once: small networks run for less time than looking it up takes.
        self._takes = [(tensor.bytes, np.dtype(tensor.type.decode())) for tensor in self.inputs]
        self._given, self._made = ((ctypes.c_void_p * max(1, len(tensors)))() for tensors in (self.inputs, self.outputs))
        self._makes = [(tuple(tensor.shape[:tensor.rank]), np.dtype(tensor.type.decode())) for tensor in self.outputs]

    def _function(self, what, result):
        function = getattr(self._library, f"{self._name}_{what}")
        function.restype = result
        return function

    def __call__(self, *arrays):
        if len(arrays) != len(self.inputs):
            raise ValueError(f"{self._name} has {len(self.inputs)} inputs, {len(arrays)} were given")
        given = [np.ascontiguousarray(array) for array in arrays]
        for place, (array, (size, kind)) in enumerate(zip(given, self._takes)):
            if array.nbytes != size or array.dtype != kind:
                tensor = self.inputs[place]
                raise ValueError(f"input {tensor.name.decode()} is {tensor.type.decode()} {tensor.shape[:tensor.rank]}, "
                                 f"not {array.dtype} {list(array.shape)}")
        made = [np.empty(shape, kind) for shape, kind in self._makes]
        for place, array in enumerate(given):
            self._given[place] = _address(array)
        for place, array in enumerate(made):
            self._made[place] = _address(array)
        result = self._run(self._instance, self._given, self._made)
        if result != 0:
            raise RuntimeError(self._function("message", ctypes.c_char_p)(self._instance).decode())
        return made

    def __del__(self):
        if self._instance:
            self._function("destroy", None)(self._instance)


def _address(array):
    # array.ctypes takes a microsecond.
    return ctypes.addressof(ctypes.c_char.from_buffer(array)) if array.nbytes and array.flags.writeable else array.ctypes.data


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("library")
    parser.add_argument("inputs", nargs="*")
    parser.add_argument("--output")
    arguments = parser.parse_args()
    network = Network(arguments.library)
    outputs = network(*[np.load(path) for path in arguments.inputs])
    for index, (tensor, array) in enumerate(zip(network.outputs, outputs)):
        if arguments.output:
            os.makedirs(arguments.output, exist_ok=True)
            np.save(os.path.join(arguments.output, f"output_{index}.npy"), array)
        else:
            print(f"{tensor.name.decode()}: {array.reshape(-1)[:16].tolist()}")


if __name__ == "__main__":
    sys.exit(main())
