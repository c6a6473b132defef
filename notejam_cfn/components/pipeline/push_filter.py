"""The state machine that starts the pipeline on a push, unless nothing but ignored paths changed.

    IsUpdate ─┬─ CompareCommits ─┬─ IsIgnored ─┬─ Ignored
              └──────────────────┴─────────────┴─ StartPipeline

Its input is CodeCommit's event. When in doubt it starts the pipeline: on a new branch, when there are more differences
than one answer holds, or none, and when the commits cannot be compared. It compares what the branch held before with
what it holds now, so a forced push counts for what it changes, whatever it leaves out of the history.
"""

from __future__ import annotations

from collections.abc import Sequence

from ...core import globs
from ..state_machines import State, call, choice

GET_DIFFERENCES, START_EXECUTION = "GetDifferences", "StartPipelineExecution"
ACTIONS = {
    GET_DIFFERENCES: "codecommit:getDifferences",
    START_EXECUTION: "codepipeline:startPipelineExecution",
}
REPOSITORY, PIPELINE = "Repository", "Pipeline"
# So many stay within the 256 KiB that a state may hold, also with paths of a thousand characters.
MOST_DIFFERENCES = 100
TIMEOUT_SECONDS = 15 * 60
EVENT = "$states.context.Execution.Input"


def definition(ignored: Sequence[str]) -> State:
    """Return the machine for these patterns; `${…}` in it is filled in by CloudFormation."""
    return {
        "Comment": "Starts the pipeline on a push, unless nothing but ignored paths changed",
        "QueryLanguage": "JSONata",
        "StartAt": "IsUpdate",
        "TimeoutSeconds": TIMEOUT_SECONDS,
        "States": {
            "IsUpdate": choice({f"{{% $exists({EVENT}.detail.oldCommitId) %}}": "CompareCommits"}, "StartPipeline"),
            "CompareCommits": compare_commits(ignored),
            "IsIgnored": choice({"{% $states.input.ignored %}": "Ignored"}, "StartPipeline"),
            "Ignored": {"Type": "Succeed"},
            "StartPipeline": start_pipeline(),
        },
    }


def compare_commits(ignored: Sequence[str]) -> State:
    """Return the state that asks what changed, and tells whether all of it is ignored.

    A file that was moved was in one place before and is in another after: both count.
    """
    found = "$states.result.Differences"
    output = (
        f"($files := $append({found}.BeforeBlob, {found}.AfterBlob); "
        f"$unseen := $files[$contains(Path, /{globs.any_of(ignored)}/)]; "
        f"{{'commit': {EVENT}.detail.commitId, 'paths': [$distinct($files.Path)], "
        "'ignored': $count($files) > 0 and $count($unseen) = $count($files) and $not($exists($states.result.NextToken))"
        "})"
    )
    return call(
        GET_DIFFERENCES,
        {
            "RepositoryName": f"${{{REPOSITORY}}}",
            "BeforeCommitSpecifier": f"{{% {EVENT}.detail.oldCommitId %}}",
            "AfterCommitSpecifier": f"{{% {EVENT}.detail.commitId %}}",
            "MaxResults": MOST_DIFFERENCES,
        },
        retry={"IntervalSeconds": 2, "MaxAttempts": 3},
        Output=f"{{% {output} %}}",
        Catch=[{"ErrorEquals": ["States.ALL"], "Next": "StartPipeline"}],
        Next="IsIgnored",
    )


def start_pipeline() -> State:
    """Return the state that starts the pipeline, once for an event that is delivered twice."""
    arguments = {"Name": f"${{{PIPELINE}}}", "ClientRequestToken": f"{{% {EVENT}.id %}}"}
    return call(START_EXECUTION, arguments, End=True)
