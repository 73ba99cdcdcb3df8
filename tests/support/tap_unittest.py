# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the unittest cases of one file and prints TAP, through Debian's python3-tap."""
import importlib.util
import os
import sys
import unittest

from tap import TAPTestRunner


def main():
    path = sys.argv[1]
    sys.path[:0] = [os.path.dirname(os.path.abspath(path)), os.path.dirname(os.path.abspath(__file__))]
    spec = importlib.util.spec_from_file_location(os.path.splitext(os.path.basename(path))[0], path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    suite = unittest.defaultTestLoader.loadTestsFromModule(module)
    runner = TAPTestRunner()
    runner.set_stream(True)
    runner.set_format("{method_name}")
    sys.exit(0 if runner.run(suite).wasSuccessful() else 1)


main()
