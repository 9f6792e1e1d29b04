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
# On Colab or Kaggle, first upload the project as an archive (`git archive -o alexnet_tf.zip HEAD` makes it)
# and install it: `%pip install alexnet_tf.zip`.

# %%
import dataclasses
import time

import matplotlib.pyplot as plt
import numpy as np

from alexnet_tf import PAPER, SCALED, Config, DataConfig, TrainConfig, build_model, open_data

# %% [markdown]
# ## The paper's network
#
# Section 3.5: five convolutions and three fully connected layers, with 60,965,224 parameters in total. With
# `weightless` the network is built without allocating memory for them.
# %%
from alexnet_tf.models.summary import summary_table, weightless

with weightless():
    print(summary_table(build_model(PAPER, (224, 224, 3), 1000)))

# %% [markdown]
# ## Images
#
# Ten shapes, drawn with random colours, textures, clutter and noise, and scaled to 64 pixels. The pipeline
# subtracts the mean image (section 2) and divides by the standard deviation, which the paper does not do.
# Then it takes random crops of 56 x 56 pixels and mirrors half of them (section 4.1).

# %%
pipeline = DataConfig(dataset="builtin", image_size=64, crop=56, flip=True, input_scale="unit")
data = open_data(pipeline)
images, labels = data.image_set.train_images, data.image_set.train_labels
figure, axes = plt.subplots(2, 10, figsize=(10, 2.3), layout="constrained")
for label, column in enumerate(axes.T):
    for axis, image in zip(column, images[labels == label]):
        axis.imshow(image)
        axis.set_axis_off()
    column[0].set_title(data.image_set.class_names[label], fontsize=9)
plt.show()

# %% [markdown]
# One training image, as the network sees it in each of six epochs (mid grey is 0):

# %%
figure, axes = plt.subplots(1, 6, figsize=(8, 1.5), layout="constrained")
for epoch, axis in enumerate(axes, start=1):
    picture = data.augmented(np.array([7]), seed=0, epoch=epoch)[0]
    axis.imshow(0.5 + picture / (2 * np.abs(picture).max()))
    axis.set_axis_off()
plt.show()

# %% [markdown]
# ## A small AlexNet
#
# Like the paper's network it has eight layers and two towers, but a quarter of the kernels and units. conv1
# has kernels of 5x5 with stride 2 and no padding at the edge. Because the net is small and the pixels
# have unit variance, it has He's initialisation instead of Gaussians of standard deviation .01 (section 5),
# and all biases start at 0. The paper's raw pixels have a standard deviation of about 64, but these
# have 1, so LRN's `alpha` (section 3.3) is multiplied by 64².

# %%
small = dataclasses.replace(SCALED, width=0.25, lrn_alpha=1e-4 * 64**2)
config = Config(
    pipeline,
    small,
    TrainConfig(epochs=7, batch_size=32, learning_rate=0.01, weight_decay=5e-4, schedule="steps", drops=(6,)),
)
print(summary_table(build_model(small, data.input_shape, data.image_set.classes)))

# %% [markdown]
# ## Training
#
# As in section 5, the net is trained by stochastic gradient descent with momentum .9 and weight decay .0005.
# The learning rate is divided by 10 once, after epoch 6; the paper divided it three times. The paper has 1.2
# million images, in batches of 128. The 10,000 images here would be only 78 such batches per epoch, so a
# batch has 32 images. Guessing gives an error of 90%; this net is no better for the first two or three
# epochs.

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
# The paper shows them in its Figure 3. After so few epochs they still look like their random initialisation,
# with a tint.

# %%
from IPython.display import display

from alexnet_tf.figures.kernels import kernels_figure
from alexnet_tf.figures.look import house_look

with house_look():
    figure = kernels_figure(model)
display(figure)

# %% [markdown]
# ## The outputs of conv1
#
# A test image, and eight maps of conv1: after the ReLU, after local response normalisation (section 3.3), and
# after pooling (section 3.4). The normalisation brings strong and weak values closer together. Each map has
# its own scale.

# %%
import keras

picture, _, _ = next(iter(data.report(8)))
tests = data.image_set.report_images
layers = {layer.name: layer for layer in model.layers}
# The names depend on the configuration: without LRN, for example, there is no lrn1.
names = [name for name in ("relu1", "tanh1", "lrn1", "pool1") if name in layers]
taps = keras.Model(model.input, [layers[name].output for name in names])
figure, axes = plt.subplots(len(names), 9, figsize=(10, 1.2 * len(names)), layout="constrained")
for row, name, maps in zip(axes, names, taps(picture)):
    for channel, axis in enumerate(row[1:]):
        axis.imshow(np.asarray(maps)[0, ..., channel], cmap="gray")
        axis.set(xticks=[], yticks=[])
    row[0].set_axis_off()
    row[1].set_ylabel(name)
axes[0, 0].imshow(tests[0])
plt.show()

# %% [markdown]
# ## Predictions
#
# Test images with their most probable classes, as in the left part of Figure 4:

# %%
probabilities = np.asarray(keras.ops.softmax(model(picture, training=False)))
figure, axes = plt.subplots(1, 8, figsize=(11, 2.3), layout="constrained")
for axis, image, row in zip(axes, tests, probabilities):
    axis.imshow(image)
    best = np.argsort(-row)[:3]
    axis.set_title("\n".join(f"{data.image_set.class_names[i]} {row[i]:.0%}" for i in best), fontsize=9)
    axis.set_axis_off()
plt.show()

# %% [markdown]
# ## Nearest neighbours
#
# As in the right part of Figure 4, the first column shows the queries, which are test images. The next four
# columns show the training images nearest to each query in fc7 (4096 values in the paper, 1024 here), and the
# last four those nearest in pixels. Neighbours of the query's class are framed.

# %%
from alexnet_tf.figures.of_images import find_neighbours

found = find_neighbours(model, data, seed=0)
for space in found.spaces:
    print(f"{space.name}: {space.share.mean:.0%} of the nearest six have the query's class")
print(f"by chance: {found.chance:.0%}")

figure, axes = plt.subplots(4, 9, figsize=(10, 4.8), layout="constrained")
for place, (first, *row) in enumerate(axes):
    query = found.queries[place]
    first.imshow(tests[query])
    near = np.concatenate([found.database[space.indices[place, :4]] for space in found.spaces])
    for axis, neighbour in zip(row, near):
        axis.imshow(images[neighbour])
        if labels[neighbour] == data.image_set.report_labels[query]:
            axis.spines[:].set(color="tab:green", linewidth=4)
for column, title in zip((0, 1, 5), ("query", *(space.name for space in found.spaces))):
    axes[0, column].set_title(title)
plt.setp(axes, xticks=[], yticks=[])
plt.show()

# %% [markdown]
# ## Next steps
#
# Change one field, for example by `small = dataclasses.replace(small, towers=1)` before `config` is made.
# `lrn=False` and `activation="tanh"` work in the same way. Before you train, guess how the errors will
# change. One run shows little: the experiments of this project train each network with three seeds or more.
