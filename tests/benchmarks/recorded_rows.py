"""Rows of a small benchmark, written by hand."""

from benchmarks.rows import Row

STEP, FILES = "batch 128, float32", "JPEG files to 224x224"
ROWS = {
    "alexnet_step": [
        Row(STEP, "ours", "tensorflow", "images", 128, 800, (2.0, 2.5, 2.0)),
        Row(STEP, "matrix product", "tensorflow", "GFLOP", 10, 10, (0.02, 0.02, 0.025)),
        Row(STEP, "PyTorch eager", "pytorch", "images", 128, 0, (7.0, 10.0, 8.0)),
        Row(STEP, "PyTorch compiled", "pytorch", "images", 128, 0, (6.0, 6.0, 6.0)),
        Row(STEP, "PyTorch compiled, pooled LRN", "pytorch", "images", message="no compiler"),
        Row("batch 32, float32", "ours", "tensorflow", "images", 32, 200, (0.6, 0.6)),
        Row("batch 32, float32", "stock Keras", "tensorflow", "images", 32, 200, (1.2, 1.8)),
        Row("batch 128, mixed_bfloat16", "PyTorch eager", "pytorch", "images", message="no PyTorch"),
        Row("batch 128, mixed_bfloat16", "ours", "tensorflow", "images", 128, 800, (1.0,)),
    ],
    "cifar_step": [
        Row(STEP, "ours with LRN", "tensorflow", "images", 1280, 9, (1.5, 1.5)),
        Row(STEP, "ours without LRN", "tensorflow", "images", 1280, 9, (1.0, 1.0)),
    ],
    "input_pipeline": [
        Row(FILES, "ours", "tensorflow", "images", 1000, 0, (2.0,), cpu_seconds=4.0, lock_seconds=0.04),
        Row(FILES, "ours, decoded once", "tensorflow", "images", 1280, 0, (0.4, 0.4, 0.5)),
        Row(FILES, "torchvision DataLoader", "pytorch", "images", 1000, 0, (1.8,), note="2.13.0+cpu"),
        Row(FILES, "PyTorch DataLoader, Pillow", "pytorch", "images", 1000, 0, (1.9,)),
    ],
    "memory": [Row(STEP, "ours", "tensorflow", "images", peak_mebibytes=2345.0)],
}
