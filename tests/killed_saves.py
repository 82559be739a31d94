"""A program: processes that save two models in turn to one path are killed (SIGKILL) at random moments.

After each kill the file must load as one of the two, and the next save must leave nothing else in the folder.
Arguments: a new folder, how many kills, a seed.
"""

import os
import random
import signal
import sys
import time

import numpy as np

from fastmlp import Adam, Model


def main(folder, kills, seed):
    models = [Model([100, 200, 1], seed=n) for n in range(2)]
    for model in models:
        model.optimizer = Adam()
        model.optimizer.prepare(model.parameters.size, model.dtype)
    path, moments, left, found = os.path.join(folder, "m"), random.Random(seed), 0, [0, 0]
    models[0].save(path)
    for _ in range(kills):
        child = os.fork()
        if child == 0:
            while True:
                for model in models:
                    model.save(path)
        time.sleep(moments.uniform(0, 0.03))
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        assert os.WIFSIGNALED(status), "it ended by itself"
        theta = Model.load(path).parameters
        which = [np.array_equal(theta, model.parameters) for model in models]
        assert sum(which) == 1, "neither of the two models"
        found[which.index(True)] += 1
        left += len(os.listdir(folder)) - 1
        models[which.index(True)].save(path)
        assert os.listdir(folder) == ["m"], "the next save removes what was left"
    print(f"{kills} kills: {found[0]} and {found[1]} times one of the two models, {left} temporaries left and removed")


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
