"""Post-training quantisation to int8 as TFLite defines it, and the integer network in numpy: the reference that tests compare bytes with.

Weights are symmetric, one scale a channel (the dense layer: one scale); activations asymmetric, one scale a tensor, from the smallest and
largest value seen on calibration pictures. Arithmetic: 32-bit accumulators, requantised by a 31-bit multiplier with gemmlowp's double rounding.
"""
import math

import numpy as np

from network import GRAPH, as_float, pad, windows


class Quantity:
    """Scale and zero point of a tensor; scales are float32, as the file stores them."""

    def __init__(self, scale, zero_point):
        self.scale, self.zero_point = np.float32(scale), int(zero_point)


def _from_range(low, high):
    low, high = min(float(low), 0.0), max(float(high), 0.0)
    scale = np.float32((high - low) / 255)
    return Quantity(scale, np.clip(round(-128 - low / float(scale)), -128, 127))


def quantise(network, calibration):
    """The integer network: {"tensors": name -> Quantity, "weights": name -> (int8, scales), "biases": name -> int32}."""
    _, seen = network.forward(as_float(calibration))
    tensors = {"image": Quantity(1 / 255, -128)}
    weights, biases = {}, {}
    for name, kind, inputs, _ in GRAPH:
        source = tensors[inputs[0]]
        tensors[name] = source if kind in ("maxpool", "avgpool") else _from_range(seen[name].min(), seen[name].max())
        if kind not in ("conv", "depthwise", "dense"):
            continue
        weight, bias = network.folded(name)
        channels = weight.shape[-1]
        largest = np.abs(weight.reshape(-1, channels)).max(axis=0)
        scales = np.maximum(largest if kind != "dense" else np.full(channels, largest.max()), 1e-6).astype(np.float32) / np.float32(127)
        weights[name] = np.clip(np.round(weight / scales), -127, 127).astype(np.int8), scales
        biases[name] = np.round(bias / (float(source.scale) * scales.astype(np.float64))).astype(np.int32)
    return {"tensors": tensors, "weights": weights, "biases": biases}


def multiplier_of(real):
    """(31-bit multiplier, shift to the left) of a positive real number."""
    fraction, shift = math.frexp(real)
    multiplier = int(math.floor(fraction * (1 << 31) + 0.5))
    if multiplier == 1 << 31:
        multiplier, shift = multiplier // 2, shift + 1
    return (0, 0) if shift < -31 else (multiplier, shift)


def high_mul(a, b):
    """Doubling product's high word, rounded half away from zero, saturated (only both -2^31 can)."""
    product = np.asarray(a, np.int64) * np.asarray(b, np.int64)
    nudged = product + np.where(product >= 0, 1 << 30, 1 - (1 << 30))
    return np.minimum(np.sign(nudged) * (np.abs(nudged) >> 31), (1 << 31) - 1)


def divide_by_power(x, exponent):
    """x / 2^exponent, rounded half away from zero."""
    x, exponent = np.asarray(x, np.int64), np.asarray(exponent, np.int64)
    mask = (np.int64(1) << exponent) - 1
    return (x >> exponent) + ((x & mask) > (mask >> 1) + (x < 0))


def requantise(x, multiplier, shift):
    shift = np.asarray(shift, np.int64)
    return divide_by_power(high_mul(np.asarray(x, np.int64) << np.maximum(shift, 0), multiplier), np.maximum(-shift, 0))


def _leave(x, quantity, relu):
    return np.clip(x + quantity.zero_point, quantity.zero_point if relu else -128, 127).astype(np.int8)


def _convolution(integers, name, kind, x, a):
    source, target = integers[0], integers[1]
    weight, scales, bias = integers[2].astype(np.int64), integers[3], integers[4]
    ratios = [multiplier_of(float(source.scale) * float(scale) / float(target.scale)) for scale in scales]
    multiplier, shift = np.array([r[0] for r in ratios]), np.array([r[1] for r in ratios])
    centred = x.astype(np.int64) - source.zero_point
    if kind == "dense":
        total = centred.reshape(len(x), -1) @ weight
        total = total[:, None, None, :]
    else:
        padded = pad(centred, a["kernel"], a["stride"])
        h, w = -(-x.shape[1] // a["stride"]), -(-x.shape[2] // a["stride"])
        views = windows(padded, a["kernel"], a["stride"], h, w)
        total = sum(view @ weight[tap] if kind == "conv" else view * weight[tap] for tap, view in enumerate(views))
    return _leave(requantise(total + bias, multiplier, shift), target, a.get("relu", False))


def _add(x, y, left, right, target, relu):
    twice = 2 * max(float(left.scale), float(right.scale))
    total = 0
    for value, quantity in ((x, left), (y, right)):
        total = total + requantise((value.astype(np.int64) - quantity.zero_point) << 20, *multiplier_of(float(quantity.scale) / twice))
    return _leave(requantise(total, *multiplier_of(twice / ((1 << 20) * float(target.scale)))), target, relu)


def _average(x, size):
    total = x.astype(np.int64).reshape(len(x), x.shape[1] // size, size, x.shape[2] // size, size, -1).sum(axis=(2, 4))
    count = size * size
    return (np.sign(total) * ((np.abs(total) + count // 2) // count)).astype(np.int8)


def run(integers, pictures):
    """Every int8 tensor by name, "softmax" last; pictures as uint8."""
    tensors = {"image": (pictures.astype(np.int16) - 128).astype(np.int8)}
    of = integers["tensors"]
    for name, kind, inputs, a in GRAPH:
        x = tensors[inputs[0]]
        if kind in ("conv", "depthwise", "dense"):
            weight, scales = integers["weights"][name]
            tensors[name] = _convolution((of[inputs[0]], of[name], weight, scales, integers["biases"][name]), name, kind, x, a)
        elif kind == "add":
            tensors[name] = _add(x, tensors[inputs[1]], of[inputs[0]], of[inputs[1]], of[name], a["relu"])
        elif kind == "maxpool":
            n, h, w, c = x.shape
            tensors[name] = x.reshape(n, h // a["size"], a["size"], w // a["size"], a["size"], c).max(axis=(2, 4))
        else:
            tensors[name] = _average(x, a["size"])
    logits = tensors[GRAPH[-1][0]].reshape(len(pictures), -1)
    tensors["softmax"] = np.stack([softmax(row, of[GRAPH[-1][0]].scale) for row in logits])
    return tensors


# Softmax in fixed point, as TFLite's reference kernel does it. A number with n integer bits is value * 2^(31 - n) in 32 bits.
_DIFFERENCE_BITS, _SUM_BITS = 5, 12
_EXP_FACTORS = ((-2, 1672461947), (-1, 1302514674), (0, 790015084), (1, 290630308), (2, 39332535), (3, 720401), (4, 242))


def _saturate(x):
    return max(-(1 << 31), min((1 << 31) - 1, x))


def _mul(a, b):
    return int(high_mul(a, b))


def _exp_of_negative(a):
    """exp of a <= 0 (5 integer bits) with 0 integer bits."""
    if a == 0:
        return (1 << 31) - 1
    quarter = 1 << 24
    rest = (a & (quarter - 1)) - quarter
    x = (rest << _DIFFERENCE_BITS) + (1 << 28)
    x2 = _mul(x, x)
    x3, x4 = _mul(x2, x), _mul(x2, x2)
    tail = int(divide_by_power(_mul(int(divide_by_power(x4, 2)) + x3, 715827883) + x2, 1))
    result = 1895147668 + _mul(1895147668, x + tail)
    for exponent, factor in _EXP_FACTORS:
        if (rest - a) & (1 << (31 - _DIFFERENCE_BITS + exponent)):
            result = _mul(result, factor)
    return result


def _reciprocal(total):
    """(1 / total with 0 integer bits after normalisation, bits over the unit); total has 12 integer bits."""
    headroom = 32 - total.bit_length()
    a = (total << headroom) - (1 << 31)
    half = (a + (1 << 31) - 1 + 1) // 2
    x = 1515870810 + _mul(half, -1010580540)
    for _ in range(3):
        x += _saturate(_mul(x, (1 << 29) - _mul(half, x)) << 2)
    return _saturate(x << 1), _SUM_BITS - headroom


def softmax(row, scale):
    """int8 [classes] with scale 1/256 and zero point -128."""
    multiplier, shift = multiplier_of(min(float(scale) * (1 << (31 - _DIFFERENCE_BITS)), (1 << 31) - 1.0))
    lowest = -math.floor(((1 << _DIFFERENCE_BITS) - 1) * (1 << (31 - _DIFFERENCE_BITS)) / (1 << shift))
    largest = int(row.max())
    powers = [None if int(v) - largest < lowest else _exp_of_negative(_mul((int(v) - largest) << shift, multiplier)) for v in row]
    total = sum(int(divide_by_power(p, _SUM_BITS)) for p in powers if p is not None)
    factor, over = _reciprocal(total)
    return np.array([-128 if p is None else max(-128, min(127, int(divide_by_power(_mul(factor, p), over + 31 - 8)) - 128)) for p in powers], np.int8)
