"""Inference runtimes: OpenVINO and ONNX Runtime behind one session interface."""
