"""The demonstration network in float32 numpy: layers with their gradients, batch normalisation, Adam.

Arrays are NHWC. The graph is GRAPH below; quantise.py and tflite.py walk the same list. Convolutions are SAME padded as TFLite does it.
"""
import numpy as np

# name, kind, input(s), attributes. Every convolution is followed by batch normalisation, folded when quantised.
GRAPH = (
    ("conv1", "conv", ("image",), dict(kernel=3, stride=1, channels=16, relu=True)),
    ("depth2", "depthwise", ("conv1",), dict(kernel=3, stride=2, relu=True)),
    ("point2", "conv", ("depth2",), dict(kernel=1, stride=1, channels=32, relu=True)),
    ("conv3", "conv", ("point2",), dict(kernel=3, stride=1, channels=32, relu=False)),
    ("add3", "add", ("conv3", "point2"), dict(relu=True)),
    ("pool3", "maxpool", ("add3",), dict(size=2)),
    ("depth4", "depthwise", ("pool3",), dict(kernel=3, stride=1, relu=True)),
    ("point4", "conv", ("depth4",), dict(kernel=1, stride=1, channels=48, relu=True)),
    ("conv5", "conv", ("point4",), dict(kernel=3, stride=1, channels=48, relu=False)),
    ("add5", "add", ("conv5", "point4"), dict(relu=True)),
    ("pool5", "avgpool", ("add5",), dict(size=8)),
    ("dense6", "dense", ("pool5",), dict(channels=10)),
)
INPUT_SHAPE = (32, 32, 3)


def same_padding(size, kernel, stride):
    """(before, after, output size) of TFLite's SAME padding."""
    output = -(-size // stride)
    total = max((output - 1) * stride + kernel - size, 0)
    return total // 2, total - total // 2, output


def shapes():
    """Shape [h][w][c] of every tensor of the graph."""
    found = {"image": INPUT_SHAPE}
    for name, kind, inputs, a in GRAPH:
        h, w, c = found[inputs[0]]
        if kind in ("conv", "depthwise"):
            h, w = same_padding(h, a["kernel"], a["stride"])[2], same_padding(w, a["kernel"], a["stride"])[2]
            c = a.get("channels", c)
        elif kind in ("maxpool", "avgpool"):
            h, w = h // a["size"], w // a["size"]
        elif kind == "dense":
            h, w, c = 1, 1, a["channels"]
        found[name] = (h, w, c)
    return found


def pad(x, kernel, stride, value=0):
    top, bottom, _ = same_padding(x.shape[1], kernel, stride)
    left, right, _ = same_padding(x.shape[2], kernel, stride)
    return np.pad(x, ((0, 0), (top, bottom), (left, right), (0, 0)), constant_values=value)


def windows(padded, kernel, stride, h, w):
    """The kernel*kernel shifted views of a padded image, each [n][h][w][c]."""
    return [padded[:, ky:ky + stride * (h - 1) + 1:stride, kx:kx + stride * (w - 1) + 1:stride]
            for ky in range(kernel) for kx in range(kernel)]


class Network:
    """Parameters, forward pass with what backward needs, and the backward pass."""

    def __init__(self, seed):
        random = np.random.default_rng(seed)
        self.shapes = shapes()
        self.parameters, self.running = {}, {}
        for name, kind, inputs, a in GRAPH:
            c_in, c_out = self.shapes[inputs[0]][2], self.shapes[name][2]
            if kind == "conv":
                fan = a["kernel"] ** 2 * c_in
                self.parameters[name + ".w"] = random.normal(0, np.sqrt(2 / fan), (a["kernel"] ** 2, c_in, c_out)).astype(np.float32)
            elif kind == "depthwise":
                self.parameters[name + ".w"] = random.normal(0, np.sqrt(2 / a["kernel"] ** 2), (a["kernel"] ** 2, c_in)).astype(np.float32)
            elif kind == "dense":
                self.parameters[name + ".w"] = random.normal(0, np.sqrt(1 / c_in), (c_in, c_out)).astype(np.float32)
                self.parameters[name + ".b"] = np.zeros(c_out, np.float32)
            if kind in ("conv", "depthwise"):
                self.parameters[name + ".gamma"] = np.ones(c_out, np.float32)
                self.parameters[name + ".beta"] = np.zeros(c_out, np.float32)
                self.running[name] = [np.zeros(c_out, np.float32), np.ones(c_out, np.float32)]

    def _normalise(self, name, x, training):
        if training:
            mean, variance = x.mean(axis=(0, 1, 2)), x.var(axis=(0, 1, 2))
            kept = self.running[name]
            kept[0], kept[1] = 0.95 * kept[0] + 0.05 * mean, 0.95 * kept[1] + 0.05 * variance
        else:
            mean, variance = self.running[name]
        scale = 1 / np.sqrt(variance + 1e-5)
        normal = (x - mean) * scale
        return normal * self.parameters[name + ".gamma"] + self.parameters[name + ".beta"], (normal, scale)

    def forward(self, image, training=False):
        """Logits [n][10] and every tensor by name; with `training`, also what backward() needs, in self.tape."""
        tensors, self.tape = {"image": image}, {}
        for name, kind, inputs, a in GRAPH:
            x = tensors[inputs[0]]
            h, w, c = self.shapes[name]
            if kind in ("conv", "depthwise"):
                views = windows(pad(x, a["kernel"], a["stride"]), a["kernel"], a["stride"], h, w)
                weight = self.parameters[name + ".w"]
                if kind == "conv":
                    columns = np.concatenate(views, axis=3).reshape(-1, weight.shape[0] * weight.shape[1])
                    y = (columns @ weight.reshape(-1, c)).reshape(-1, h, w, c)
                else:
                    columns = views
                    y = sum(view * weight[tap] for tap, view in enumerate(views))
                y, normal = self._normalise(name, y, training)
                self.tape[name] = (columns, normal)
            elif kind == "add":
                y = x + tensors[inputs[1]]
            elif kind == "maxpool":
                blocks = x.reshape(x.shape[0], h, a["size"], w, a["size"], c)
                y = blocks.max(axis=(2, 4))
                chosen = blocks == y[:, :, None, :, None]
                self.tape[name] = chosen / chosen.sum(axis=(2, 4), keepdims=True)
            elif kind == "avgpool":
                y = x.mean(axis=(1, 2), keepdims=True)
            else:
                y = x @ self.parameters[name + ".w"] + self.parameters[name + ".b"]
            tensors[name] = np.maximum(y, 0) if a.get("relu") else y
        return tensors[GRAPH[-1][0]].reshape(len(image), -1), tensors

    def backward(self, tensors, gradient):
        """Gradients of all parameters, from the gradient of the logits."""
        result, flow = {}, {GRAPH[-1][0]: gradient[:, None, None, :]}
        for name, kind, inputs, a in reversed(GRAPH):
            g, x = flow.pop(name), tensors[inputs[0]]
            if a.get("relu"):
                g = g * (tensors[name] > 0)
            if kind in ("conv", "depthwise"):
                columns, (normal, scale) = self.tape[name]
                axes = (0, 1, 2)
                result[name + ".gamma"], result[name + ".beta"] = (g * normal).sum(axis=axes), g.sum(axis=axes)
                gamma = self.parameters[name + ".gamma"]
                count = g.shape[0] * g.shape[1] * g.shape[2]
                g = gamma * scale * (g - result[name + ".beta"] / count - normal * (result[name + ".gamma"] / count))
                weight = self.parameters[name + ".w"]
                if kind == "conv":
                    flat = g.reshape(-1, g.shape[3])
                    result[name + ".w"] = (columns.T @ flat).reshape(weight.shape)
                    if inputs[0] == "image":
                        continue
                    taps = (flat @ weight.reshape(-1, weight.shape[2]).T).reshape(g.shape[:3] + weight.shape[:2])
                    taps = [taps[:, :, :, tap] for tap in range(weight.shape[0])]
                else:
                    result[name + ".w"] = np.stack([(view * g).sum(axis=axes) for view in columns])
                    taps = [g * weight[tap] for tap in range(weight.shape[0])]
                padded = np.zeros_like(pad(x, a["kernel"], a["stride"]))
                for view, tap in zip(windows(padded, a["kernel"], a["stride"], g.shape[1], g.shape[2]), taps):
                    view += tap
                top, left = (same_padding(x.shape[axis], a["kernel"], a["stride"])[0] for axis in (1, 2))
                back = padded[:, top:top + x.shape[1], left:left + x.shape[2]]
            elif kind == "maxpool":
                back = (self.tape[name] * g[:, :, None, :, None]).reshape(x.shape)
            elif kind == "avgpool":
                back = np.broadcast_to(g / (x.shape[1] * x.shape[2]), x.shape)
            elif kind == "dense":
                flat, inner = g.reshape(len(g), -1), x.reshape(len(g), -1)
                result[name + ".w"], result[name + ".b"] = inner.T @ flat, flat.sum(axis=0)
                back = (flat @ self.parameters[name + ".w"].T).reshape(x.shape)
            else:
                back = g
            for source in inputs:
                flow[source] = flow.get(source, 0) + back
        return result

    def folded(self, name):
        """Weights and bias of a layer with its batch normalisation folded in."""
        weight = self.parameters[name + ".w"].astype(np.float64)
        if name not in self.running:
            return weight, self.parameters[name + ".b"].astype(np.float64)
        mean, variance = (v.astype(np.float64) for v in self.running[name])
        scale = self.parameters[name + ".gamma"] / np.sqrt(variance + 1e-5)
        return weight * scale, self.parameters[name + ".beta"] - mean * scale


def as_float(pictures):
    """uint8 pictures as the network sees them: the int8 input's real values, (byte - 128 + 128) / 255."""
    return pictures.astype(np.float32) / np.float32(255)


def train(network, pictures, labels, epochs, seed, batch=64, rate=3e-3, smoothing=0.1, report=print):
    """Adam with a cosine schedule and cross entropy; smoothed labels keep the answers from saturating."""
    random = np.random.default_rng(seed)
    first = {key: np.zeros_like(value) for key, value in network.parameters.items()}
    second = {key: np.zeros_like(value) for key, value in network.parameters.items()}
    steps, step = epochs * (len(pictures) // batch), 0
    for epoch in range(epochs):
        order, right, loss = random.permutation(len(pictures)), 0, 0.0
        for start in range(0, len(order) - batch + 1, batch):
            chosen = order[start:start + batch]
            logits, tensors = network.forward(as_float(pictures[chosen]), training=True)
            odds = np.exp(logits - logits.max(axis=1, keepdims=True))
            odds /= odds.sum(axis=1, keepdims=True)
            wanted = labels[chosen]
            right += int((odds.argmax(axis=1) == wanted).sum())
            loss -= float(np.log(odds[np.arange(batch), wanted] + 1e-9).sum())
            odds -= smoothing / odds.shape[1]
            odds[np.arange(batch), wanted] -= 1 - smoothing
            gradients = network.backward(tensors, odds.astype(np.float32) / batch)
            step += 1
            now = rate * 0.5 * (1 + np.cos(np.pi * step / steps))
            for key, value in gradients.items():
                first[key] = 0.9 * first[key] + 0.1 * value
                second[key] = 0.999 * second[key] + 0.001 * value * value
                corrected = first[key] / (1 - 0.9 ** step), second[key] / (1 - 0.999 ** step)
                network.parameters[key] -= (now * corrected[0] / (np.sqrt(corrected[1]) + 1e-8)).astype(np.float32)
        seen = len(order) // batch * batch
        report(f"epoch {epoch + 1}/{epochs}: loss {loss / seen:.4f}, right {100 * right / seen:.2f} %")
