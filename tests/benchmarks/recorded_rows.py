"""Rows of a small benchmark, written by hand."""

from benchmarks.rows import Row

STEP = "batch 128, float32"
ROWS = {
    "alexnet_step": [
        Row(STEP, "ours", "tensorflow", "images", 128, 800, (2.0, 2.5, 2.0)),
        Row(STEP, "matrix product", "tensorflow", "GFLOP", 10, 10, (0.02, 0.02, 0.025)),
        Row(STEP, "PyTorch eager", "pytorch", "images", 128, 0, (7.0, 10.0, 8.0)),
        Row("batch 32, float32", "ours", "tensorflow", "images", 32, 200, (0.6, 0.6)),
        Row("batch 32, float32", "stock Keras", "tensorflow", "images", 32, 200, (1.2, 1.8)),
        Row("batch 128, mixed_bfloat16", "PyTorch eager", "pytorch", "images", message="no PyTorch"),
        Row("batch 128, mixed_bfloat16", "ours", "tensorflow", "images", 128, 800, (1.0,)),
    ],
    "cifar_step": [
        Row(STEP, "ours with LRN", "tensorflow", "images", 1280, 9, (1.5, 1.5)),
        Row(STEP, "ours without LRN", "tensorflow", "images", 1280, 9, (1.0, 1.0)),
    ],
    "memory": [Row(STEP, "ours", "tensorflow", "images", peak_mebibytes=2345.0)],
}
