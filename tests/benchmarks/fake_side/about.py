import os


def about():
    return {"version": "1.2", "gpus": os.environ["CUDA_VISIBLE_DEVICES"]}
