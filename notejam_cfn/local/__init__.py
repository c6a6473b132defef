"""The dress rehearsal: a stage without AWS.

`emulator` is AWS as far as the templates need it, usable by any test:

    from notejam_cfn.local import emulator

    with emulator.running() as aws:
        outputs = aws.deploy("my-stack", template, {"Parameter": "value"})
        aws.client("ec2").describe_vpcs()

Nothing here is imported by `import notejam_cfn`; it needs the extras `deploy` and `dev`.
"""
