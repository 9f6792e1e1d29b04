"""The training loop, evaluation, schedule, optimizers, strategy, callbacks."""
