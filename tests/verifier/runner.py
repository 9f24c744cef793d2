"""Run the tests of a module and end with the line that the test driver reads."""

from __future__ import annotations

import sys
import unittest


def main(module: str) -> int:
    suite = unittest.defaultTestLoader.loadTestsFromModule(sys.modules[module])
    result = unittest.TextTestRunner(stream=sys.stdout, verbosity=0).run(suite)
    bad = {test.id() for test, _ in result.failures + result.errors
           if not hasattr(test, "test_case")}
    bad |= {test.test_case.id() for test, _ in result.failures + result.errors
            if hasattr(test, "test_case")}
    for _, reason in result.skipped:
        print(f"SKIP: {reason}")
    skipped = len(result.skipped)
    print(f"{result.testsRun - len(bad) - skipped} passed, {len(bad)} failed, {skipped} skipped")
    return 0 if result.wasSuccessful() else 1
