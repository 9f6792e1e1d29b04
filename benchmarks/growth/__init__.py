"""How time and memory grow with batch size, image size, number of images and number of devices."""
