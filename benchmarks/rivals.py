"""One contender of compare.py in a process of its own: it gets ready, then runs once for each line on stdin.

    python benchmarks/rivals.py torch minibatch 50000 28,100,1 --batch 200 --threads 2

For each run it writes a line of JSON: the seconds, the seconds of CPU, and a value to compare between
contenders: J of the full batch, or the mean probability. The first line is the first call, which compiles.
Every contender starts from the same X, y and W, with b = 0; a run of `minibatch` is one epoch. The contenders
`peak` and `distance` are the machine; the values of their runs are a number of operations and, from one core to
another, nanoseconds.
"""

import argparse
import json
import sys
import time
import warnings

import numpy as np

CHECKED_ROWS = 2000
NUMPY_ROWS = 1024  # in one block: A and dZ stay in the caches


class Problem:
    """The work, with its data: X (n, p[0]) of normal numbers, y that a net can learn, W and b to start from."""

    def __init__(self, arguments):
        self.mode, self.n, self.batch = arguments.mode, arguments.n, arguments.batch
        self.threads, self.dtype = arguments.threads, arguments.dtype
        self.activation, self.loss = arguments.activation, arguments.loss
        self.widths = [int(width) for width in arguments.widths.split(",")]
        random = np.random.default_rng(0)
        self.X = random.standard_normal((self.n, self.widths[0]), np.float32)
        P = 1 / (1 + np.exp(-2 * self.X[:, 0]))
        noise = random.random(self.n)
        self.y = (noise < P if self.loss == "log_loss" else P + noise).astype(np.float32)
        shapes = list(zip(self.widths, self.widths[1:]))
        self.W = [(random.standard_normal(shape) * np.sqrt(2 / shape[0])).astype(np.float32) for shape in shapes]
        self.b = [np.zeros(width, np.float32) for width in self.widths[1:]]


# --- fastmlp and numpy --------------------------------------------------------------------------------


def numpy_contender(problem):
    from reference import logits, loss_and_gradient

    X, y, W, b, settings = problem.X, problem.y, problem.W, problem.b, (problem.activation, problem.loss)
    blocks = [slice(start, start + NUMPY_ROWS) for start in range(0, problem.n, NUMPY_ROWS)]

    def predict():
        P = np.empty(problem.n, np.float32)
        for rows in blocks:
            P[rows] = 1 / (1 + np.exp(-logits(X[rows], W, b, problem.activation)[1][:, 0]))
        return P

    def full():
        J, total = 0.0, [np.zeros_like(array) for array in [*W, *b]]
        for rows in blocks:
            J_rows, dW, db = loss_and_gradient(X[rows], y[rows], W, b, *settings)
            J += float(J_rows)
            for array, part in zip(total, [*dW, *db]):
                array += part
        return J

    return {"full": full, "predict": predict}[problem.mode]


def fastmlp_contender(problem, dtype=None):
    from reference import check_gradient

    from fastmlp import Model

    X, y, g, loss, dtype = problem.X, problem.y, problem.activation, problem.loss, dtype or problem.dtype
    model = Model(problem.widths, activation=g, dtype=dtype, seed=0, n_threads=problem.threads, loss=loss)

    def start_anew():
        for view, array in zip([*model.weights, *model.biases], [*problem.W, *problem.b]):
            view[...] = array

    def epoch():
        start_anew()
        model.fit(X, y, epochs=1, batch_size=problem.batch, optimizer="adam")

    start_anew()
    check_gradient(model, X[:CHECKED_ROWS], y[:CHECKED_ROWS], g, loss, dtype == "mixed_bfloat16")
    return {
        "full": lambda: model.loss_and_gradient(X, y)[0],
        "minibatch": epoch,
        "predict": lambda: model.predict_proba(X),
    }[problem.mode]


# --- torch, jax, scikit-learn -------------------------------------------------------------------------


def torch_contender(problem, compiled=False, bfloat16=False):
    """bfloat16: products by autocast, as torch's guide for CPUs advises; weights, moments and the loss stay float32."""
    import torch

    torch.set_num_threads(problem.threads)
    torch.set_flush_denormal(True)
    layers, g = [], {"relu": torch.nn.ReLU, "tanh": torch.nn.Tanh, "logistic": torch.nn.Sigmoid}[problem.activation]
    for W in problem.W:
        linear = torch.nn.Linear(*W.shape)
        with torch.no_grad():
            linear.weight.copy_(torch.from_numpy(W.T))
            linear.bias.zero_()
        layers += [linear, g()]
    net = torch.nn.Sequential(*layers[:-1])
    X, y = torch.from_numpy(problem.X), torch.from_numpy(problem.y)
    reduction = "sum" if problem.mode == "full" else "mean"

    def logits(A):
        if not bfloat16:
            return net(A)[:, 0]
        with torch.autocast("cpu", torch.bfloat16):
            z = net(A)[:, 0]
        return z.float()

    def probabilities(A):
        return torch.sigmoid(logits(A))

    def objective(A, t):
        if problem.loss == "squared_error":
            return torch.nn.functional.mse_loss(logits(A), t, reduction=reduction) / 2
        return torch.nn.functional.binary_cross_entropy_with_logits(logits(A), t, reduction=reduction)

    if compiled:
        probabilities, objective = torch.compile(probabilities), torch.compile(objective)
    adam = torch.optim.Adam(net.parameters(), lr=1e-3, fused=True)

    def predict():
        with torch.inference_mode():
            return probabilities(X)

    def full():
        net.zero_grad(set_to_none=True)
        J = objective(X, y)
        J.backward()
        return J.detach()

    def epoch():
        for rows in torch.randperm(problem.n).split(problem.batch):
            adam.zero_grad(set_to_none=True)
            objective(X.index_select(0, rows), y.index_select(0, rows)).backward()
            adam.step()

    return {"full": full, "minibatch": epoch, "predict": predict}[problem.mode]


def jax_contender(problem):
    import jax
    import jax.numpy as jnp

    n, batch = problem.n, problem.batch
    g = {"relu": jax.nn.relu, "tanh": jnp.tanh, "logistic": jax.nn.sigmoid}[problem.activation]
    X, y = jnp.asarray(problem.X), jnp.asarray(problem.y)
    theta = [(jnp.asarray(W), jnp.asarray(b)) for W, b in zip(problem.W, problem.b)]
    zeros = jax.tree.map(jnp.zeros_like, theta)

    def forward(theta, A):
        for W, b in theta[:-1]:
            A = g(A @ W + b)
        W, b = theta[-1]
        return (A @ W + b)[:, 0]

    def loss(theta, A, t):
        z = forward(theta, A)
        if problem.loss == "squared_error":
            return jnp.sum((z - t) ** 2) / 2
        return jnp.sum(jnp.maximum(z, 0) - z * t + jnp.log1p(jnp.exp(-jnp.abs(z))))

    def mean_loss(theta, A, t):
        return loss(theta, A, t) / batch

    def adam_step(state, rows):
        theta, m, v, t = state
        gradient = jax.grad(mean_loss)(theta, X[rows], y[rows])
        t = t + 1
        m = jax.tree.map(lambda m, d: 0.9 * m + 0.1 * d, m, gradient)
        v = jax.tree.map(lambda v, d: 0.999 * v + 0.001 * d * d, v, gradient)
        rate, unbias = 1e-3 / (1 - 0.9**t), 1 / (1 - 0.999**t)
        theta = jax.tree.map(lambda w, m, v: w - rate * m / (jnp.sqrt(v * unbias) + 1e-8), theta, m, v)
        return (theta, m, v, t), None

    @jax.jit
    def epoch(theta, m, v, key):
        order = jax.random.permutation(key, n).reshape(n // batch, batch)
        return jax.lax.scan(adam_step, (theta, m, v, 0.0), order)[0]

    value_and_grad = jax.jit(jax.value_and_grad(loss))
    probabilities = jax.jit(lambda theta, A: jax.nn.sigmoid(forward(theta, A)))
    key = jax.random.PRNGKey(0)
    return {
        "full": lambda: jax.block_until_ready(value_and_grad(theta, X, y))[0],
        "minibatch": lambda: jax.block_until_ready(epoch(theta, zeros, zeros, key)),
        "predict": lambda: jax.block_until_ready(probabilities(theta, X)),
    }[problem.mode]


def sklearn_contender(problem):
    from sklearn.neural_network import MLPClassifier, MLPRegressor

    X, y = problem.X, problem.y
    settings = dict(activation=problem.activation, batch_size=problem.batch or "auto", max_iter=1, random_state=0)
    estimator = MLPClassifier if problem.loss == "log_loss" else MLPRegressor
    net = estimator(hidden_layer_sizes=problem.widths[1:-1], **settings)
    if problem.mode == "minibatch":
        return lambda: net.fit(X, y)
    net.fit(X[:CHECKED_ROWS], y[:CHECKED_ROWS])
    net.coefs_, net.intercepts_ = problem.W, problem.b
    return lambda: net.predict_proba(X)[:, 1]


# --- the process --------------------------------------------------------------------------------------


def peak_contender(problem):
    from peak import peak

    return peak(problem.threads)


def distance_contender(problem):
    from distance import distance

    return distance()


CONTENDERS = {
    "peak": peak_contender,
    "distance": distance_contender,
    "fastmlp": fastmlp_contender,
    "fastmlp float32": lambda problem: fastmlp_contender(problem, "float32"),
    "numpy": numpy_contender,
    "torch": torch_contender,
    "torch.compile": lambda problem: torch_contender(problem, compiled=True),
    "torch bfloat16": lambda problem: torch_contender(problem, bfloat16=True),
    "torch.compile bfloat16": lambda problem: torch_contender(problem, compiled=True, bfloat16=True),
    "jax": jax_contender,
    "scikit-learn": sklearn_contender,
}


def measure(run, has_value):
    """Run once; what it took, as a line of JSON."""
    begin, cpu_begin = time.perf_counter(), time.process_time()
    result = run()
    seconds, cpu_seconds = time.perf_counter() - begin, time.process_time() - cpu_begin
    value = float(np.mean(np.asarray(result), dtype=np.float64)) if has_value else None
    return json.dumps({"seconds": seconds, "cpu_seconds": cpu_seconds, "value": value})


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("contender", choices=CONTENDERS)
    parser.add_argument("mode", choices=["full", "minibatch", "predict"])
    parser.add_argument("n", type=int)
    parser.add_argument("widths")
    parser.add_argument("--batch", type=int)
    parser.add_argument("--activation", choices=["relu", "tanh", "logistic"], default="relu")
    parser.add_argument("--loss", choices=["log_loss", "squared_error"], default="log_loss")
    parser.add_argument("--dtype", choices=["float32", "mixed_bfloat16"], default="float32", help="fastmlp's")
    parser.add_argument("--threads", type=int, required=True)
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore")  # scikit-learn's, that one epoch is not enough
    run = CONTENDERS[arguments.contender](Problem(arguments))
    has_value = arguments.mode != "minibatch" or arguments.contender in ("peak", "distance")
    first = measure(run, has_value)
    run()  # before the answer: whoever is told to run next has the machine for itself
    print(first, flush=True)
    for _ in sys.stdin:
        print(measure(run, has_value), flush=True)


if __name__ == "__main__":
    main()
