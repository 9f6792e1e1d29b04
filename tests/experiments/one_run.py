"""The run that many tests start from."""

COMMON = ["--dataset", "builtin", "--set", "batch_size=16"]
ARM = ["--arms", "relu", "--seeds", "3", "--epochs", "2"]
RUN = ["run", "ablation-relu", *COMMON, *ARM]
