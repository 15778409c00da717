"""Import of images to a face set: names, labels, ids, and the result of each image."""
