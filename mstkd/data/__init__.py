"""Datalists, cached preprocessing and augmentation for training and evaluation."""
