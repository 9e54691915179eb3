# SPDX-License-Identifier: GPL-3.0-or-later
# What ansible-core makes of sets of arguments: JSON {spec, cases} on standard input, one verdict a case on
# standard output, null where it refuses. ArgumentSpecValidator is what AnsibleModule itself uses.
import json
import math
import sys
import warnings

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

warnings.simplefilter("ignore")


def is_json(value):
    """What a module written in Python may get is more than JSON can hold: bytes, sets, infinity, huge integers."""
    if isinstance(value, dict):
        return all(isinstance(key, str) and is_json(each) for key, each in value.items())
    if isinstance(value, (list, tuple)):
        return all(is_json(each) for each in value)
    if isinstance(value, int):
        return abs(value) < 2**53
    if isinstance(value, float):
        return math.isfinite(value)
    return value is None or isinstance(value, str)


def verdict(validator, ranges, case):
    try:
        result = validator.validate(case)
    except Exception:  # an infinite int is an OverflowError that no module catches
        return None
    values = result.validated_parameters
    if result.error_messages or not is_json(values):
        return None
    # AnsibleModule has no ranges; a module checks them itself.
    given = [(values[name], bounds) for name, bounds in ranges.items() if values.get(name) is not None]
    return values if all(low <= value <= high for value, (low, high) in given) else None


def main():
    given = json.load(sys.stdin)
    spec = given["spec"]
    validator = ArgumentSpecValidator(spec["options"], **spec["rules"])
    json.dump([verdict(validator, spec["ranges"], case) for case in given["cases"]], sys.stdout)


main()
