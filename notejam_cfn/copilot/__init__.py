"""Takes an application of AWS Copilot over: reads its manifests and writes a composition with this library.

`manifests` reads the directory, `fields` keeps account of what was taken from a manifest, `workloads` translates one
for one environment, `writer` writes Python. What could not be taken over is told with file and line: a field that no
translation asked for is told by itself.

Sources: the manifests' documentation in aws/copilot-cli, site/content/docs/manifest, in its last version, 1.34.
"""
