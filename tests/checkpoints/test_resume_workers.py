import json

import pytest

from tests.worker_processes import start_workers, wait_for_end

# Arguments: the path of the checkpoint; the worker to kill in the second epoch (0 for the chief, or 1), or
# "none". Training has two epochs of six steps.
WORKER = """
import hashlib, json, os, signal, sys
from pathlib import Path
from alexnet_tf.training.strategy import is_chief, make_strategy
strategy = make_strategy()
import keras
from alexnet_tf.checkpoints.resume import variable_values
from alexnet_tf.data.pipeline import DataPipelines
from alexnet_tf.training.callbacks import GradientNorms
from alexnet_tf.training.train import train
from alexnet_tf.training.workers import current_workers
from tests.checkpoints.test_resume_in_epoch import CONFIG, EVERY
from tests.tiny import tiny_image_set
from tests.tiny_runs import metrics

class Watch(keras.callbacks.Callback):
    steps, losses = [], []

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch + 1

    def on_train_batch_begin(self, batch, logs=None):
        self.steps.append([self.epoch, batch])
        if self.steps[-1] == [2, 4] and sys.argv[2] == str(1 - is_chief(strategy)):
            os.kill(os.getpid(), signal.SIGKILL)

    def on_train_batch_end(self, batch, logs=None):
        self.losses.append(logs["loss"])

watch, data = Watch(), DataPipelines(tiny_image_set(), CONFIG.data)
callbacks = [GradientNorms(strategy), watch]
model, history = train(CONFIG, data, strategy, Path(sys.argv[1]), callbacks, checkpoint_every=EVERY)
values = hashlib.sha256(b"".join(value.tobytes() for value in variable_values(model))).hexdigest()
current_workers().leave()
print(json.dumps([watch.steps, watch.losses, [metrics(history), history.gradient_norms, values]]))
"""


@pytest.mark.slow
def test_two_workers_resume_within_an_epoch(tmp_path):
    ends = []
    for number, (name, victim) in enumerate([("whole", "none"), ("killed", "1"), ("killed", "none")]):
        command = ["-c", WORKER, str(tmp_path / f"{name}.npz"), victim]
        ends.append(wait_for_end(start_workers([command] * 2, tmp_path / str(number))))

    statuses = [[worker.status for worker in each] for each in ends]
    assert statuses == [[0, 0], [2, -9], [0, 0]], [worker.errors for each in ends for worker in each]
    for whole, resumed in zip(ends[0], ends[2], strict=True):
        _, losses, expected = json.loads(whole.output[-1])
        steps, last_losses, found = json.loads(resumed.output[-1])
        # Epoch 2 has the steps 0 to 5 and is resumed at step 4. The first training call of a process has a
        # single step, so step 5 has a call of its own.
        assert steps == [[2, 4], [2, 5]]
        assert last_losses[-1] == losses[-1]
        assert found == expected
