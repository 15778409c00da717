"""Decoding images and videos."""
