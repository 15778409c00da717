"""The modules of a vision process. A fork server imports them once, so that vision processes share their memory and start fast.

Imports only: a process that forks must have one thread, and the runtimes start theirs when models are loaded.
"""

import gc

import openfrs.recognition.analysis
import openfrs.recognition.liveness.action
import openfrs.recognition.liveness.silent
import openfrs.server.vision.child
import openfrs.vision.pipeline
import openfrs.vision.runtime.tuning  # noqa: F401

gc.collect()
gc.freeze()  # a collection would write to the shared pages
