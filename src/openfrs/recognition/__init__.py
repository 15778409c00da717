"""Face recognition: detection, comparison, templates, attributes and similarity of images."""
