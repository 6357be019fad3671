"""The demonstration on pictures that somebody drew: every kind of PNG, odd sizes, and files that are none.

usage: demo_test.py CLASSIFY SHAPES_FOLDER
"""
import os
import struct
import subprocess
import sys
import tempfile
import unittest
import zlib

import numpy as np

CLASSIFY = sys.argv[1]
sys.path.insert(0, sys.argv[2])

import png  # noqa: E402

GREY, RGB, PALETTE, GREY_ALPHA, RGBA = 0, 2, 3, 4, 6
FRONT, BACK = (200, 30, 30), (240, 240, 220)


def inside(name, width, height):
    y, x = np.mgrid[0:height, 0:width]
    half = min(width, height) / 2 * 0.8
    u, v = (x - width / 2 + .5) / half, (y - height / 2 + .5) / half
    if name == "circle":
        return u * u + v * v < .81
    if name == "cross":
        return ((abs(u) < .3) & (abs(v) < .95)) | ((abs(v) < .3) & (abs(u) < .95))
    return (v < .75) & (v > -.9) & (abs(u) < (v + .9) / 1.65 * .95)


def coloured(shape):
    return np.where(shape[..., None], np.array(FRONT), np.array(BACK)).astype(np.uint8)


def encode(rows, width, kind, depth=8, chunks=b""):
    packed = zlib.compress(b"".join(b"\0" + row.tobytes() for row in rows))
    header = struct.pack(">IIBBBBB", width, len(rows), depth, kind, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + png.chunk(b"IHDR", header) + chunks + png.chunk(b"IDAT", packed) + png.chunk(b"IEND", b"")


def kinds(shape):
    """The same picture as every kind of PNG: (name, bytes)."""
    width = shape.shape[1]
    grey = np.where(shape, 40, 220).astype(np.uint8)
    palette = png.chunk(b"PLTE", bytes(BACK + FRONT))
    yield "rgb", encode(coloured(shape), width, RGB)
    yield "rgb, 16 bits", encode((coloured(shape).astype(np.uint16) * 257).astype(">u2"), width, RGB, 16)
    yield "grey", encode(grey, width, GREY)
    yield "grey, 16 bits", encode((grey.astype(np.uint16) * 257).astype(">u2"), width, GREY, 16)
    yield "grey, 1 bit", encode(np.packbits(shape, axis=1), width, GREY, 1)
    yield "palette", encode(shape.astype(np.uint8), width, PALETTE, 8, palette)
    yield "palette, transparent", encode(shape.astype(np.uint8), width, PALETTE, 8, palette + png.chunk(b"tRNS", bytes((0, 255))))
    yield "rgba", encode(np.where(shape[..., None], (20, 120, 40, 255), (0, 0, 0, 0)).astype(np.uint8), width, RGBA)
    yield "grey and alpha", encode(np.where(shape[..., None], (0, 255), (0, 0)).astype(np.uint8), width, GREY_ALPHA)


class DemoTest(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def path(self, name, content=None):
        path = os.path.join(self.folder.name, name)
        if content is not None:
            with open(path, "wb") as stream:
                stream.write(content)
        return path

    def classify(self, *arguments, output="answer.png", **more):
        command = [CLASSIFY, "--device", "functional", "--output", self.path(output), *arguments]
        return subprocess.run(command, stderr=subprocess.PIPE, text=True, timeout=120, check=False,
                              **{"stdout": subprocess.PIPE, **more})

    def assert_error(self, result, text, status=1):
        self.assertEqual(result.returncode, status, result.stderr)
        self.assertEqual(result.stderr.count("\n"), 1, result.stderr)
        self.assertTrue(result.stderr.startswith("error: "), result.stderr)
        self.assertIn(text, result.stderr)

    def test_every_kind_of_picture(self):
        for name in ("circle", "cross", "triangle"):
            paths = [self.path(f"{name} {kind}.png", content) for kind, content in kinds(inside(name, 100, 100))]
            result = self.classify(*paths)
            self.assertEqual((result.returncode, result.stderr), (0, ""))
            for path, line in zip(paths, result.stdout.splitlines()):
                self.assertRegex(line, f"^{path}: {name} [0-9]+%$")
            self.assertTrue(os.path.exists(self.path("answer.png")))

    def test_odd_sizes(self):
        for width, height, answer in ((4000, 3000, "cross"), (1, 1, ""), (5000, 1, ""), (1, 300, "")):
            with self.subTest(width=width, height=height):
                shape = inside("cross", width, height)
                result = self.classify(self.path("odd.png", encode(coloured(shape), width, RGB)))
                self.assertEqual((result.returncode, result.stderr), (0, ""))
                self.assertIn(f"odd.png: {answer}", result.stdout)

    def test_files_that_are_no_pictures(self):
        good = encode(coloured(inside("circle", 64, 64)), 64, RGB)
        huge = good[:16] + struct.pack(">II", 60000, 60000) + good[24:29]
        huge += struct.pack(">I", zlib.crc32(huge[12:])) + good[33:]
        os.mkdir(self.path("folder.png"))
        for name, content, text in (
                ("missing", None, "missing.png: No such file"), ("folder", None, "folder.png: Is a directory"),
                ("empty", b"", "empty.png is no PNG picture: it is empty"), ("header", good[:20], "header.png is no PNG picture"),
                ("cut", good[:len(good) // 2], "cut.png is a damaged PNG picture"), ("huge", huge, "60000 x 60000 is more than"),
                ("jpeg", b"\xff\xd8\xff\xe0\0\x10JFIF\0" + bytes(500), "jpeg.png is no PNG picture")):
            with self.subTest(name):
                self.assert_error(self.classify(self.path(name + ".png", content)), text)
        self.assertFalse(os.path.exists(self.path("answer.png")))
        os.mkfifo(self.path("pipe"))
        good = self.path("good.png", good)
        self.assert_error(self.classify(good, output="pipe"), "not a regular file")

    def test_manners(self):
        self.assertEqual(self.classify("--help").returncode, 0)
        self.assert_error(self.classify("--nonsense"), "--nonsense", 2)
        with open("/dev/full", "w", encoding="utf-8") as full:
            self.assert_error(self.classify(stdout=full), "cannot write to stdout")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
