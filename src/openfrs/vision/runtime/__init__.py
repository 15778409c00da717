"""Inference runtimes: OpenVINO and ONNX Runtime behind one session interface.

Both would send usage data to their makers and keep an id of the machine in the home directory. That is disabled here, in every
process, before a module of this package imports either. No other module imports them.
"""

import os
import sys

# OpenVINO reports each import, unless this optional package is missing.
sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]  # an import of it fails

# Releases of ONNX Runtime differ in the name. They read the environment when they are loaded.
os.environ |= {"ORT_DISABLE_TELEMETRY": "1", "ORT_TELEMETRY_DISABLED": "1"}
