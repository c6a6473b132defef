"""E9516: a database can be restored from a snapshot that is newer than the template."""

from __future__ import annotations

from cfnlint._typing import RuleMatches
from cfnlint.rules import CloudFormationLintRule, RuleMatch
from cfnlint.template import Template

from notejam_cfn.core.references import references


class RestoredVersion(CloudFormationLintRule):
    """A cluster that may start from a snapshot takes its engine's version from a parameter.

    AWS upgrades minor versions by itself, and snapshots with them; a cluster of an earlier version than its snapshot is
    refused, and without a version AWS takes the region's default.
    """

    id = "E9516"
    shortdesc = "The version of a restored cluster is a parameter"
    description = "EngineVersion of a cluster with a SnapshotIdentifier refers to a parameter, which a restore sets"
    source_url = "https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_RestoreDBClusterFromSnapshot.html"

    def match(self, cfn: Template) -> RuleMatches:
        """Return a match for each cluster whose version a restore cannot choose."""
        parameters = cfn.template.get("Parameters", {})
        return [
            RuleMatch(
                ["Resources", name, "Properties", *(["EngineVersion"] if "EngineVersion" in properties else [])],
                "a snapshot of a newer version could not be restored: refer to a parameter for EngineVersion",
            )
            for name, cluster in cfn.get_resources("AWS::RDS::DBCluster").items()
            for properties in [cluster.get("Properties", {})]
            if "SnapshotIdentifier" in properties
            if not set(references(properties.get("EngineVersion"))) & set(parameters)
        ]
