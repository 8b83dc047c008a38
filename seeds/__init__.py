"""What fills an instance: a demo blog, and plausible traffic for it.

Not part of the installed package; `make demo` runs it from a checkout.
"""
