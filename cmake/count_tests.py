"""Reads ctest's JUnit report and prints the counts: `N skipped: names` when there are any, then `N passed, N failed`.

usage: count_tests.py REPORT.xml CTEST_STATUS; exits 1 when a test failed, none ran, or ctest itself failed.
"""
import sys
import xml.etree.ElementTree as ElementTree


def main() -> int:
    suite = ElementTree.parse(sys.argv[1]).getroot()
    ctest_status = int(sys.argv[2])
    passed, failed, skipped = [], [], []
    for case in suite.iter("testcase"):
        status, name = case.get("status"), case.get("name")
        if status == "run":
            passed.append(name)
        elif status in ("notrun", "disabled") and case.find("skipped") is not None \
                and case.find("skipped").get("message", "").startswith(("SKIP_", "Disabled")):
            skipped.append(name)
        else:
            failed.append(name)
    if skipped:
        print(f"{len(skipped)} skipped: {' '.join(skipped)}")
    if failed:
        print(f"failed: {' '.join(failed)}")
    bad = bool(failed) or not passed
    if ctest_status != 0 and not bad:
        print(f"error: ctest ended with status {ctest_status}")
        bad = True
    print(f"{len(passed)} passed, {len(failed)} failed")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
