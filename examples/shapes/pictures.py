"""Renders the pictures of the demonstration: ten simple shapes, 32x32 RGB, in random colours, places, sizes and tilts.

A picture is computed on a grid twice as fine and averaged (antialiasing), over a background with a gradient, a few stray lines and
noise. Every function takes a numpy Generator, so that a seed gives the same pictures everywhere.
"""
import numpy as np

CLASSES = ("circle", "square", "triangle", "star", "cross", "heart", "house", "tree", "arrow", "moon")
SIZE = 32
FINE = 2 * SIZE

_ROWS, _COLUMNS = np.mgrid[0:FINE, 0:FINE].astype(np.float64)


def _star():
    angles = np.arange(10) * np.pi / 5 - np.pi / 2
    radii = np.where(np.arange(10) % 2 == 0, 1.0, 0.42)
    return np.stack([radii * np.cos(angles), radii * np.sin(angles)], axis=1)


# Corners in units of the shape's half size, y down.
POLYGONS = {
    "square": ((-0.8, -0.8), (0.8, -0.8), (0.8, 0.8), (-0.8, 0.8)),
    "triangle": ((0, -0.9), (0.95, 0.75), (-0.95, 0.75)),
    "star": _star(),
    "cross": ((-0.3, -0.95), (0.3, -0.95), (0.3, -0.3), (0.95, -0.3), (0.95, 0.3), (0.3, 0.3), (0.3, 0.95), (-0.3, 0.95), (-0.3, 0.3),
              (-0.95, 0.3), (-0.95, -0.3), (-0.3, -0.3)),
    "house": ((0, -1), (1, -0.15), (0.72, -0.15), (0.72, 0.9), (0.25, 0.9), (0.25, 0.3), (-0.25, 0.3), (-0.25, 0.9), (-0.72, 0.9),
              (-0.72, -0.15), (-1, -0.15)),
    "tree": ((0, -1), (0.5, -0.4), (0.28, -0.4), (0.8, 0.35), (0.16, 0.35), (0.16, 1), (-0.16, 1), (-0.16, 0.35), (-0.8, 0.35), (-0.28, -0.4),
             (-0.5, -0.4)),
    "arrow": ((1, 0), (0.2, -0.75), (0.2, -0.28), (-0.95, -0.28), (-0.95, 0.28), (0.2, 0.28), (0.2, 0.75)),
}


def _inside_polygon(corners, x, y):
    inside = np.zeros(x.shape, dtype=bool)
    previous = corners[-1]
    for corner in corners:
        (x0, y0), (x1, y1) = previous, corner
        if y0 != y1:
            crosses = (y0 > y) != (y1 > y)
            inside ^= crosses & (x < (x1 - x0) * (y - y0) / (y1 - y0) + x0)
        previous = corner
    return inside


def _inside(name, x, y):
    if name == "circle":
        return x * x + y * y < 0.81
    if name == "moon":
        return (x * x + y * y < 0.9) & ((x - 0.45) ** 2 + y * y > 0.62)
    if name == "heart":
        u, v = 1.25 * x, -1.25 * y + 0.15
        return (u * u + v * v - 1) ** 3 - u * u * v ** 3 < 0
    return _inside_polygon(POLYGONS[name], x, y)


def _colours(random):
    """A foreground and a background that differ enough to be seen."""
    while True:
        front, back = random.uniform(0, 1, 3), random.uniform(0, 1, 3)
        if np.abs(front - back).sum() > 0.8 and abs((front - back) @ (0.3, 0.59, 0.11)) > 0.15:
            return front, back


def render(label, random):
    """One picture of class `label`: uint8 [32][32][3]."""
    front, back = _colours(random)
    half = random.uniform(0.26, 0.44) * FINE
    margin = 0.9 * half
    centre = random.uniform(margin, FINE - margin, 2)
    name = CLASSES[label]
    tilt = random.uniform(-np.pi, np.pi) if name in ("arrow", "moon", "star", "cross") else random.uniform(-0.35, 0.35)
    dx, dy = (_COLUMNS - centre[0]) / half, (_ROWS - centre[1]) / half
    x, y = np.cos(tilt) * dx + np.sin(tilt) * dy, -np.sin(tilt) * dx + np.cos(tilt) * dy

    slope = random.uniform(-0.2, 0.2, 2)
    shade = (slope[0] * (_COLUMNS / FINE - 0.5) + slope[1] * (_ROWS / FINE - 0.5))[..., None]
    picture = np.broadcast_to(back + shade, (FINE, FINE, 3)).copy()
    for _ in range(random.integers(0, 3)):
        angle, offset = random.uniform(0, np.pi), random.uniform(-0.4, 0.4) * FINE
        distance = np.cos(angle) * (_COLUMNS - FINE / 2) + np.sin(angle) * (_ROWS - FINE / 2) - offset
        picture[np.abs(distance) < 1.0] = random.uniform(0, 1, 3)
    picture[_inside(name, x, y)] = front
    coarse = picture.reshape(SIZE, 2, SIZE, 2, 3).mean(axis=(1, 3))
    coarse += random.normal(0, random.uniform(0, 0.06), coarse.shape)
    return np.clip(np.round(coarse * 255), 0, 255).astype(np.uint8)


def render_set(count, seed):
    """`count` pictures with the classes in turn: (uint8 [count][32][32][3], labels [count])."""
    random = np.random.default_rng(seed)
    labels = np.arange(count) % len(CLASSES)
    return np.stack([render(label, random) for label in labels]), labels
