"""Makes the demonstration network and its test data, all that stands beside this file:

  shapes.tflite       the int8 network
  sheet.png           40 test pictures, 8 a row, 32x32 each, that training has not seen
  sheet.npy           the same as int8 inputs [40][32][32][3]
  sheet_expected.npy  int8 outputs [40][10] of the integer network in numpy (quantise.py)
  sheet.json          class names, the pictures' labels, accuracies

usage: make.py train WEIGHTS.npz     trains in float32 (minutes; numpy with a good BLAS) and keeps the parameters
       make.py write WEIGHTS.npz     quantises and writes the files above (seconds; needs the flatbuffers package)

The seeds below fix pictures, start values and order of training. The same numpy and BLAS give the same bytes; another BLAS
sums in another order, and gives a network that differs in its last digits.
"""
import json
import os
import sys

import numpy as np

import network
import pictures
import png
import quantise

TRAIN_SEED, TEST_SEED, SHEET_SEED, NETWORK_SEED = 2026, 7, 40, 2026
TRAIN_PICTURES, TEST_PICTURES, EPOCHS = 20000, 2000, 12
SHEET_ROWS, SHEET_COLUMNS = 5, 8
HERE = os.path.dirname(os.path.abspath(__file__))


def train(path):
    images, labels = pictures.render_set(TRAIN_PICTURES, TRAIN_SEED)
    net = network.Network(NETWORK_SEED)
    network.train(net, images, labels, EPOCHS, NETWORK_SEED, report=lambda line: print(line, flush=True))
    running = {f"{name}.running": np.stack(pair) for name, pair in net.running.items()}
    np.savez(path, **net.parameters, **running)


def load(path):
    net = network.Network(NETWORK_SEED)
    with np.load(path) as stored:
        net.parameters = {key: stored[key] for key in net.parameters}
        net.running = {key: list(stored[f"{key}.running"]) for key in net.running}
    return net


def write(path):
    import tflite  # needs flatbuffers, which training does not

    net = load(path)
    calibration, _ = pictures.render_set(500, TRAIN_SEED)
    integers = quantise.quantise(net, calibration)
    images, labels = pictures.render_set(TEST_PICTURES, TEST_SEED)
    float_right = float((net.forward(network.as_float(images))[0].argmax(axis=1) == labels).mean())
    int8_right = float((quantise.run(integers, images)["softmax"].argmax(axis=1) == labels).mean())
    print(f"test accuracy: float32 {100 * float_right:.2f} %, int8 {100 * int8_right:.2f} %")

    content = tflite.write(integers, "Tessera's demonstration network: ten shapes, made by examples/shapes/make.py")
    with open(os.path.join(HERE, "shapes.tflite"), "wb") as stream:
        stream.write(content)
    count = SHEET_ROWS * SHEET_COLUMNS
    sheet, sheet_labels = pictures.render_set(count, SHEET_SEED)
    order = np.random.default_rng(SHEET_SEED).permutation(count)
    sheet, sheet_labels = sheet[order], sheet_labels[order]
    expected = quantise.run(integers, sheet)["softmax"]
    grid = sheet.reshape(SHEET_ROWS, SHEET_COLUMNS, 32, 32, 3).transpose(0, 2, 1, 3, 4).reshape(SHEET_ROWS * 32, SHEET_COLUMNS * 32, 3)
    png.write(os.path.join(HERE, "sheet.png"), grid)
    np.save(os.path.join(HERE, "sheet.npy"), (sheet.astype(np.int16) - 128).astype(np.int8))
    np.save(os.path.join(HERE, "sheet_expected.npy"), expected)
    with open(os.path.join(HERE, "sheet.json"), "w", encoding="utf-8") as stream:
        json.dump({"classes": pictures.CLASSES, "labels": sheet_labels.tolist(), "columns": SHEET_COLUMNS,
                   "accuracy": {"pictures": TEST_PICTURES, "float32": round(float_right, 4), "int8": round(int8_right, 4)}}, stream, indent=1)
        stream.write("\n")
    right = int((expected.argmax(axis=1) == sheet_labels).sum())
    print(f"{len(content)} bytes of network; {right} of {count} pictures of the sheet right")


if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[1] not in ("train", "write"):
        sys.exit(__doc__)
    {"train": train, "write": write}[sys.argv[1]](sys.argv[2])
