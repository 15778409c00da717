"""OpenFRS: a face recognition service that speaks the wire of Huawei Cloud FRS."""

__version__ = "1.0.0"
