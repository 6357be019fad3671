"""The files of the demonstration agree with each other and with the scripts that made them.

usage: shapes_test.py SHAPES_FOLDER
"""
import json
import os
import sys
import unittest

import numpy as np

FOLDER = sys.argv[1]
sys.path.insert(0, FOLDER)

import make  # noqa: E402
import network  # noqa: E402
import pictures  # noqa: E402
import png  # noqa: E402
import quantise  # noqa: E402


class ShapesTest(unittest.TestCase):
    def setUp(self):
        with open(os.path.join(FOLDER, "sheet.json"), encoding="utf-8") as stream:
            self.sheet = json.load(stream)
        self.inputs = np.load(os.path.join(FOLDER, "sheet.npy"))
        self.expected = np.load(os.path.join(FOLDER, "sheet_expected.npy"))

    def test_files_agree(self):
        self.assertLess(os.path.getsize(os.path.join(FOLDER, "shapes.tflite")), 1 << 20)
        grid = png.read(os.path.join(FOLDER, "sheet.png"))
        tiles = grid.reshape(make.SHEET_ROWS, 32, make.SHEET_COLUMNS, 32, 3).transpose(0, 2, 1, 3, 4).reshape(-1, 32, 32, 3)
        self.assertTrue(np.array_equal(tiles.astype(np.int16) - 128, self.inputs))
        self.assertEqual((self.inputs.dtype, self.expected.dtype, self.expected.shape), (np.int8, np.int8, (40, 10)))
        right = (self.expected.argmax(axis=1) == np.array(self.sheet["labels"])).mean()
        self.assertGreaterEqual(right, 0.95)
        self.assertGreater(self.sheet["accuracy"]["int8"], 0.98)

    def test_pictures_come_from_their_seed(self):
        count = make.SHEET_ROWS * make.SHEET_COLUMNS
        rendered, labels = pictures.render_set(count, make.SHEET_SEED)
        order = np.random.default_rng(make.SHEET_SEED).permutation(count)
        self.assertEqual(labels[order].tolist(), self.sheet["labels"])
        difference = np.abs(rendered[order].astype(int) - 128 - self.inputs)
        self.assertLessEqual(difference.max(), 1)  # another mathematics library may round the last digit otherwise
        self.assertLess((difference != 0).mean(), 0.001)

    def test_gradients(self):
        """Every layer's backward pass against differences, in float64, at one random place of each parameter."""
        random = np.random.default_rng(5)
        net = network.Network(3)
        net.parameters = {key: value.astype(np.float64) for key, value in net.parameters.items()}
        images, labels = pictures.render_set(4, 9)
        images = images / 255.0

        def loss():
            logits, tensors = net.forward(images, training=True)
            odds = np.exp(logits - logits.max(axis=1, keepdims=True))
            odds /= odds.sum(axis=1, keepdims=True)
            return -np.log(odds[np.arange(4), labels]).sum(), odds, tensors

        _, odds, tensors = loss()
        odds[np.arange(4), labels] -= 1
        gradients = net.backward(tensors, odds)
        for key, value in net.parameters.items():
            place = tuple(random.integers(0, extent) for extent in value.shape)
            kept, step = value[place], 1e-6
            value[place] = kept + step
            above = loss()[0]
            value[place] = kept - step
            below = loss()[0]
            value[place] = kept
            self.assertAlmostEqual(gradients[key][place], (above - below) / (2 * step), delta=2e-4, msg=key)

    def test_integer_arithmetic(self):
        self.assertEqual(quantise.multiplier_of(0.5), (1 << 30, 0))
        self.assertEqual(int(quantise.high_mul(1 << 30, 1 << 30)), 1 << 29)
        self.assertEqual(int(quantise.high_mul(-(1 << 31), -(1 << 31))), (1 << 31) - 1)
        for x in range(-9, 10):  # half away from zero
            self.assertEqual(int(quantise.divide_by_power(x, 1)), int(np.sign(x)) * ((abs(x) + 1) // 2))
        odds = quantise.softmax(np.array([50, 50, -128], np.int8), np.float32(0.1))
        self.assertEqual(odds.tolist(), [0, 0, -128])


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
