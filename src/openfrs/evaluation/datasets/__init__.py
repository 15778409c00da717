"""Labelled data sets: images, folders, clips and simulated attacks."""
