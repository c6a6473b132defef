"""Notejam's own cfn-lint rules: what no engine catches.

Each file is one rule and needs nothing but cfn-lint, so that any project can use them:

    cfn-lint --append-rules notejam_cfn/rules --include-checks I -- template.yaml

cfn-lint loads every file here whose name does not begin with an underscore. IDs begin with E95 and W95.
"""
