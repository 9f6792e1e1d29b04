import os


def about():
    threads = os.environ.get("OMP_NUM_THREADS", "")
    return {"version": "1.2", "gpus": os.environ["CUDA_VISIBLE_DEVICES"], "threads": threads}
