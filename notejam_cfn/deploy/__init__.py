"""Deploys what `build` wrote: reads output/, talks to AWS, shows what happens.

`aws.client.Aws` is the only part that calls AWS; the rest decides and shows. Nothing here is imported by
`import notejam_cfn`, and boto3 is not imported before the first call. `exit_codes.py` lists how a command can end.
"""
