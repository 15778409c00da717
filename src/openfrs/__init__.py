"""OpenFRS: a face recognition service that speaks the wire of Huawei Cloud FRS."""

__version__ = "0.1.0"
