# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Annotated AlexNet
#
# The network of Krizhevsky, Sutskever and Hinton (NIPS 2012), from the image to the nearest neighbours in
# its last hidden layer, on a data set of drawn shapes that needs no download. It runs in less than five
# minutes on a CPU.
#
# On Colab or Kaggle upload the project as an archive and install it first: `%pip install alexnet_tf.zip`.

# %%
import dataclasses
import time

import matplotlib.pyplot as plt
import numpy as np

from alexnet_tf import PAPER, SCALED, Config, DataConfig, TrainConfig, build_model, open_data

# %% [markdown]
# ## The paper's network
#
# Section 3.5: five convolutions, three fully connected layers, 60,965,224 parameters. `weightless` builds
# it without allocating them.
# %%
from alexnet_tf.models.summary import summary_table, weightless

with weightless():
    print(summary_table(build_model(PAPER, (224, 224, 3), 1000)))

# %% [markdown]
# ## Images
#
# Ten shapes, drawn with random colours, textures, clutter and noise: 32 pixels wide, so a smaller network
# will do. The pipeline subtracts the mean image (section 2), mirrors half of the training images and crops
# them after padding (section 4.1).

# %%
data = open_data(DataConfig(dataset="builtin", input_scale="unit", pad=4, flip=True))
images, labels = data.image_set.train_images, data.image_set.train_labels
figure, axes = plt.subplots(2, 10, figsize=(10, 2.3), layout="constrained")
for label, column in enumerate(axes.T):
    for axis, image in zip(column, images[labels == label]):
        axis.imshow(image)
        axis.set_axis_off()
    column[0].set_title(data.image_set.class_names[label], fontsize=9)
plt.show()

# %% [markdown]
# The same image as the network sees it in six epochs:

# %%
figure, axes = plt.subplots(1, 6, figsize=(8, 1.5), layout="constrained")
for epoch, axis in enumerate(axes, start=1):
    picture = data.augmented(np.array([7]), seed=0, epoch=epoch)[0]
    axis.imshow((picture - picture.min()) / np.ptp(picture))
    axis.set_axis_off()
plt.show()

# %% [markdown]
# ## A small AlexNet
#
# The paper's eight layers with an eighth of its kernels and units, two towers, kernels of 5x5 in conv1.
# Three things differ because the net is small and the pixels have unit variance: He's initialisation
# instead of Gaussians of .01 (section 5), biases of 0, and an `alpha` of LRN that fits the scale of the
# pixels (section 3.3).

# %%
small = dataclasses.replace(SCALED, width=0.125, stem_stride=1, lrn_alpha=1e-4 * 64**2)
config = Config(
    DataConfig(dataset="builtin", input_scale="unit", pad=4, flip=True),
    small,
    TrainConfig(epochs=9, batch_size=32, learning_rate=0.01, weight_decay=5e-4, schedule="steps", drops=(7,)),
)
print(summary_table(build_model(small, data.input_shape, data.image_set.classes)))

# %% [markdown]
# ## Training
#
# Section 5: stochastic gradient descent with momentum .9 and weight decay .0005; the rate is divided by 10
# once. The paper's batches had 128 of 1.2 million images; of 10,000 images they would leave only 78 steps an
# epoch, so here they have 32. Chance is an error of 90%.

# %%
from alexnet_tf.training.train import train

started = time.perf_counter()
model, history = train(config, data)
print(f"{time.perf_counter() - started:.0f} seconds")
for point in history.curve:
    print("epoch {epoch}: training error {train_error:.1%}, test error {test_error:.1%}".format(**point))

# %%
figure, axis = plt.subplots(figsize=(6, 3), layout="constrained")
for name in ("train_error", "test_error"):
    axis.plot([point[name] for point in history.curve], marker="o", label=name.replace("_", " "))
axis.set(xlabel="epoch", ylim=(0, 1))
axis.legend()
plt.show()

# %% [markdown]
# ## The first kernels
#
# Figure 3 of the paper. In so short a training they are hardly more than their random start with a tint.

# %%
from alexnet_tf.figures.kernels import kernels_figure

kernels_figure(model)

# %% [markdown]
# ## What conv1 sees
#
# The maps of conv1 before and after local response normalisation (section 3.3), of one test image.

# %%
import keras

picture, _, _ = next(iter(data.report(8)))
taps = keras.Model(model.input, [model.get_layer(name).output for name in ("relu1", "lrn1", "pool1")])
figure, axes = plt.subplots(3, 8, figsize=(9, 3.6), layout="constrained")
for row, name, maps in zip(axes, ("ReLU", "LRN", "pooled"), taps(picture)):
    for channel, axis in enumerate(row):
        axis.imshow(np.asarray(maps)[0, ..., channel], cmap="gray")
        axis.set(xticks=[], yticks=[])
    row[0].set_ylabel(name)
plt.show()

# %% [markdown]
# ## Predictions
#
# Figure 4, left: test images with their most probable classes.

# %%
mean, stddev = data.statistics.mean_image, data.statistics.stddev
probabilities = np.asarray(keras.ops.softmax(model(picture, training=False)))
figure, axes = plt.subplots(1, 8, figsize=(10, 2.2), layout="constrained")
for axis, image, row in zip(axes, picture.numpy(), probabilities):
    pixels = image * stddev if image.shape != mean.shape else image * stddev + mean
    axis.imshow(np.clip(pixels, 0, 255).astype(np.uint8))
    best = np.argsort(-row)[:3]
    axis.set_title("\n".join(f"{data.image_set.class_names[i]} {row[i]:.0%}" for i in best), fontsize=8)
    axis.set_axis_off()
plt.show()

# %% [markdown]
# ## Nearest neighbours
#
# Figure 4, right: for a query (left) the nearest training images by the 4096 (here 512) values of fc7, and
# by pixels.

# %%
from alexnet_tf.figures.of_images import find_neighbours

found = find_neighbours(model, data, seed=0)
for space in found.spaces:
    print(f"{space.name}: {space.share.mean:.0%} of the nearest are of the query's class")
print(f"by chance: {found.chance:.0%}")

figure, axes = plt.subplots(len(found.spaces), 7, figsize=(8, 2.7), layout="constrained")
for row, space in zip(axes, found.spaces):
    shown = [data.image_set.report_images[found.queries[0]], *images[found.database[space.indices[0]]]]
    for axis, image in zip(row, shown):
        axis.imshow(image)
        axis.set(xticks=[], yticks=[])
    row[0].set_ylabel(space.name)
plt.show()

# %% [markdown]
# ## Go on
#
# Replace `small` by `dataclasses.replace(small, lrn=False)`, `towers=1` or `activation="tanh"`, and predict
# the errors before you train. One run shows little: the experiments of this project train three to five
# seeds an arm.
