# SPDX-License-Identifier: Apache-2.0
"""validate-json.py SCHEMA FILE...: judges JSON files by a JSON schema, of the draft that it names, with python3-jsonschema.

Each line of a file with the end .jsonl is a document of its own.

Prints what is wrong and where, and exits 1 if something is; 3 if python3-jsonschema is not installed.
"""
import json
import pathlib
import re
import sys

try:
    import jsonschema
except ImportError:
    sys.exit(3)

formats = jsonschema.FormatChecker()


# The packages that know these formats are optional; the standards' own words are short enough.
@formats.checks("uri")
def is_uri(value):
    return not isinstance(value, str) or re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]*:[!-~]*", value) is not None


@formats.checks("uri-reference")
def is_reference(value):
    if not isinstance(value, str) or is_uri(value):
        return True
    return re.fullmatch(r"[!-~]*", value) is not None and ":" not in value.split("/")[0] and not re.search(r'[\\^`{|}<>" ]', value)


@formats.checks("date-time")
def is_time(value):
    return not isinstance(value, str) or re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", value) is not None


def documents(file):
    text = pathlib.Path(file).read_text(encoding="utf-8")
    if not file.endswith(".jsonl"):
        return [(file, json.loads(text))]
    return [(f"{file}:{number}", json.loads(line)) for number, line in enumerate(text.splitlines(), 1) if line]


def main(schema_file, *files):
    schema = json.loads(pathlib.Path(schema_file).read_text(encoding="utf-8"))
    judge = jsonschema.validators.validator_for(schema)
    judge.check_schema(schema)
    validator = judge(schema, format_checker=formats)
    findings = [f"{where}: {'/'.join(map(str, error.absolute_path))}: {error.message[:300]}"
                for file in files
                for where, document in documents(file)
                for error in validator.iter_errors(document)]
    print("\n".join(findings))
    return 1 if findings else 0


sys.exit(main(*sys.argv[1:]))
