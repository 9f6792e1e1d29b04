"""Time and memory against batch, image size, number of images and number of devices."""
