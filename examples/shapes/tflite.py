"""Writes the integer network as a TFLite file, with the flatbuffers package alone (Debian: python3-flatbuffers).

Tables are written by slot number, as TFLite's schema orders their fields; only the fields that this network needs are here.
"""
import flatbuffers
import numpy as np

from network import GRAPH, INPUT_SHAPE, shapes

INT8, INT32 = 9, 2
ADD, AVERAGE_POOL, CONV, DEPTHWISE, DENSE, MAX_POOL, RESHAPE, SOFTMAX = 0, 1, 3, 4, 9, 17, 22, 25
CODES = (ADD, AVERAGE_POOL, CONV, DEPTHWISE, DENSE, MAX_POOL, RESHAPE, SOFTMAX)
SAME, VALID, NO_ACTIVATION, RELU = 0, 1, 0, 1
OPTIONS = {CONV: 1, DEPTHWISE: 2, AVERAGE_POOL: 5, MAX_POOL: 5, DENSE: 8, SOFTMAX: 9, ADD: 11, RESHAPE: 17}


class Writer:
    def __init__(self):
        self.builder = flatbuffers.Builder(1 << 20)
        self.buffers, self.tensors, self.operators = [b""], [], []

    def table(self, slots):
        """A table from {slot: (kind, value)}; kinds: offset, int8, uint8, int32, uint32, float32."""
        b = self.builder
        b.StartObject(max(slots) + 1 if slots else 0)
        add = {"offset": b.PrependUOffsetTRelativeSlot, "int8": b.PrependInt8Slot, "uint8": b.PrependUint8Slot, "int32": b.PrependInt32Slot,
               "uint32": b.PrependUint32Slot, "float32": b.PrependFloat32Slot}
        for slot, (kind, value) in sorted(slots.items()):
            add[kind](slot, value, 0)
        return b.EndObject()

    def numbers(self, values, dtype):
        return self.builder.CreateNumpyVector(np.ascontiguousarray(values, dtype=dtype))

    def offsets(self, values):
        self.builder.StartVector(4, len(values), 4)
        for value in reversed(values):
            self.builder.PrependUOffsetTRelative(value)
        return self.builder.EndVector()

    def tensor(self, name, shape, kind, scales=None, zero_point=0, axis=0, data=None):
        """Adds a tensor and gives its index."""
        index = 0
        if data is not None:
            index = len(self.buffers)
            self.buffers.append(np.ascontiguousarray(data).tobytes())
        slots = {0: ("offset", self.numbers(shape, np.int32)), 1: ("int8", kind), 2: ("uint32", index),
                 3: ("offset", self.builder.CreateString(name))}
        if scales is not None:
            inner = {2: ("offset", self.numbers(scales, np.float32)), 3: ("offset", self.numbers(np.full(len(scales), zero_point), np.int64)),
                     6: ("int32", axis)}
            slots[4] = ("offset", self.table(inner))
        self.tensors.append(self.table(slots))
        return len(self.tensors) - 1

    def operator(self, code, inputs, output, options):
        slots = {0: ("uint32", CODES.index(code)), 1: ("offset", self.numbers(inputs, np.int32)), 2: ("offset", self.numbers([output], np.int32)),
                 3: ("uint8", OPTIONS[code]), 4: ("offset", self.table(options))}
        self.operators.append(self.table(slots))

    def finish(self, inputs, outputs, description):
        b = self.builder
        graph = self.table({0: ("offset", self.offsets(self.tensors)), 1: ("offset", self.numbers(inputs, np.int32)),
                            2: ("offset", self.numbers(outputs, np.int32)), 3: ("offset", self.offsets(self.operators)),
                            4: ("offset", b.CreateString("main"))})
        codes = [self.table({0: ("int8", code), 2: ("int32", 1), 3: ("int32", code)}) for code in CODES]
        data = []
        for content in self.buffers:
            b.StartVector(1, len(content), 16)
            b.head = b.head - len(content)
            b.Bytes[b.head:b.head + len(content)] = content
            vector = b.EndVector()
            data.append(self.table({0: ("offset", vector)} if content else {}))
        model = self.table({0: ("uint32", 3), 1: ("offset", self.offsets(codes)), 2: ("offset", self.offsets([graph])),
                            3: ("offset", b.CreateString(description)), 4: ("offset", self.offsets(data))})
        b.Finish(model, file_identifier=b"TFL3")
        return bytes(b.Output())


def write(integers, description):
    """The TFLite file's bytes."""
    writer, found = Writer(), shapes()
    of = integers["tensors"]

    def activation(name, shape):
        return writer.tensor(name, shape, INT8, [of[name].scale], of[name].zero_point)

    tensors = {"image": activation("image", (1,) + INPUT_SHAPE)}
    for name, kind, inputs, a in GRAPH:
        sources = [tensors[source] for source in inputs]
        act = ("int8", RELU if a.get("relu") else NO_ACTIVATION)
        flat = kind == "dense"
        if kind in ("conv", "depthwise", "dense"):
            weight, scales = integers["weights"][name]
            if kind == "conv":
                side, axis = a["kernel"], 0
                weight = weight.transpose(2, 0, 1).reshape(weight.shape[2], side, side, weight.shape[1])
            elif kind == "depthwise":
                side, axis = a["kernel"], 3
                weight = weight.reshape(1, side, side, -1)
            else:
                weight, scales, axis = weight.T, scales[:1], 0
                flattened = writer.tensor("flat", (1, weight.shape[1]), INT8, [of[inputs[0]].scale], of[inputs[0]].zero_point)
                wanted = writer.tensor("flat_shape", (2,), INT32, data=np.array([-1, weight.shape[1]], np.int32))
                writer.operator(RESHAPE, [sources[0], wanted], flattened, {0: ("offset", writer.numbers([-1, weight.shape[1]], np.int32))})
                sources = [flattened]
            bias_scales = [np.float32(of[inputs[0]].scale * scale) for scale in scales]
            sources.append(writer.tensor(name + ".weights", weight.shape, INT8, scales, 0, axis, weight))
            sources.append(writer.tensor(name + ".bias", integers["biases"][name].shape, INT32, bias_scales, data=integers["biases"][name]))
        output = activation(name, (1, found[name][2]) if flat else (1,) + found[name])
        stride = [("int32", a.get("stride", 1))] * 2
        if kind == "conv":
            writer.operator(CONV, sources, output, {0: ("int8", SAME), 1: stride[0], 2: stride[1], 3: act, 4: ("int32", 1), 5: ("int32", 1)})
        elif kind == "depthwise":
            writer.operator(DEPTHWISE, sources, output,
                            {0: ("int8", SAME), 1: stride[0], 2: stride[1], 3: ("int32", 1), 4: act, 5: ("int32", 1), 6: ("int32", 1)})
        elif kind == "add":
            writer.operator(ADD, sources, output, {0: act})
        elif kind == "dense":
            writer.operator(DENSE, sources, output, {0: act})
        else:
            size = ("int32", a["size"])
            writer.operator(MAX_POOL if kind == "maxpool" else AVERAGE_POOL, sources, output,
                            {0: ("int8", VALID), 1: size, 2: size, 3: size, 4: size})
        tensors[name] = output
    odds = writer.tensor("softmax", (1, found[GRAPH[-1][0]][2]), INT8, [np.float32(1 / 256)], -128)
    writer.operator(SOFTMAX, [tensors[GRAPH[-1][0]]], odds, {0: ("float32", 1.0)})
    return writer.finish([tensors["image"]], [odds], description)
