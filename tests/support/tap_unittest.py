# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs the unittest cases of one file and prints TAP, through Debian's python3-tap."""
import importlib.util
import os
import signal
import sys
import unittest

from tap import TAPTestRunner


def load(path):
    """The test file as a module; its neighbours and the helpers beside this file can be imported by it."""
    path = os.path.realpath(path)
    sys.path[:0] = [os.path.dirname(path), os.path.dirname(os.path.abspath(__file__))]
    spec = importlib.util.spec_from_file_location(os.path.splitext(os.path.basename(path))[0], path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def sentence(test):
    """A test's name as prove prints it: test_sums_agree is "sums agree"."""
    return test._testMethodName.removeprefix("test_").replace("_", " ")  # pylint: disable=protected-access


def give_up(_number, _frame):
    """The time limit's SIGTERM becomes an exception, so that clean-ups run and the case that hung has a name."""
    raise TimeoutError("the time limit of this test file was reached")


def main():
    signal.signal(signal.SIGTERM, give_up)
    sys.dont_write_bytecode = True
    suite = unittest.defaultTestLoader.loadTestsFromModule(load(sys.argv[1]))
    unittest.TestCase.__str__ = sentence
    runner = TAPTestRunner()
    runner.set_stream(True)
    runner.set_format("{method_name}")
    sys.exit(0 if runner.run(suite).wasSuccessful() else 1)


main()
