"""The state machine that exports snapshots, in the Amazon States Language with JSONata.

    FindSnapshots → ExportEach ─┬─ LookForExport → IsExported ─┬─ AlreadyExported
                                │                              └─ StartExport → WaitForExport → LookAtExport ─┐
                                └──────────────────────────────────────────────── HowDidItGo ◄────────────────┘

Its input may name one snapshot (`{"snapshot": ARN}`); without one it takes what the monthly plan made in the last days.
"""

from __future__ import annotations

from ..state_machines import State, call, choice

# A week of chances: an export that fails is tried again every day, and people are told every time.
DAYS_BACK = 7
# What AWS runs at a time in an account. Source: Amazon Aurora User Guide, "Limitations for exporting snapshots".
AT_A_TIME = 5
SECONDS_BETWEEN_LOOKS = 300
ONE_DAY_SECONDS = 86400

LIST_SNAPSHOTS, LOOK_AT_EXPORTS, START_EXPORT = "ListSnapshots", "LookAtExports", "StartExport"
# As Step Functions names the fault `ExportTaskAlreadyExistsFault` of RDS: by the service and the Java SDK's exception.
ALREADY_STARTED = "Rds.ExportTaskAlreadyExistsException"
# What the machine calls, by the name that stands for it: its ARN holds the partition, so CloudFormation fills it in.
ACTIONS = {
    LIST_SNAPSHOTS: "backup:listRecoveryPointsByBackupVault",
    LOOK_AT_EXPORTS: "rds:describeExportTasks",
    START_EXPORT: "rds:startExportTask",
}


def definition() -> State:
    """Return the machine; `${…}` in it is filled in by CloudFormation."""
    return {
        "Comment": "Exports monthly snapshots of the database to S3 as Parquet",
        "QueryLanguage": "JSONata",
        "StartAt": "FindSnapshots",
        "TimeoutSeconds": ONE_DAY_SECONDS,
        "States": {"FindSnapshots": find_snapshots(), "ExportEach": export_each()},
    }


def find_snapshots() -> State:
    """Return the state that lists the snapshots to export."""
    made_by_plan = "$states.result.RecoveryPoints[Status = 'COMPLETED']"
    asked_for = "$states.context.Execution.Input.snapshot"
    return call(
        LIST_SNAPSHOTS,
        {
            "BackupVaultName": "${VaultName}",
            "ByResourceType": "Aurora",
            "ByBackupPlanId": "${PlanId}",
            "ByCreatedAfter": f"{{% $fromMillis($millis() - {DAYS_BACK * ONE_DAY_SECONDS * 1000}) %}}",
        },
        Output=f"{{% {{'snapshots': [$exists({asked_for}) ? {asked_for} : {made_by_plan}.RecoveryPointArn]}} %}}",
        Next="ExportEach",
    )


def export_each() -> State:
    """Return the state that exports each snapshot, as many at a time as AWS allows."""
    return {
        "Type": "Map",
        "Items": "{% $states.input.snapshots %}",
        "MaxConcurrency": AT_A_TIME,
        "ItemProcessor": {
            "ProcessorConfig": {"Mode": "INLINE"},
            "StartAt": "LookForExport",
            "States": {
                "LookForExport": look_for_export(),
                "IsExported": choice({"{% $states.input.known %}": "AlreadyExported"}, default="StartExport"),
                "AlreadyExported": {"Type": "Succeed"},
                "StartExport": start_export(),
                "WaitForExport": {"Type": "Wait", "Seconds": SECONDS_BETWEEN_LOOKS, "Next": "LookAtExport"},
                "LookAtExport": look_at_export(),
                "HowDidItGo": choice(
                    {
                        "{% $states.input.status = 'COMPLETE' %}": "Exported",
                        "{% $states.input.status in ['FAILED', 'CANCELED'] %}": "NotExported",
                    },
                    default="WaitForExport",
                ),
                "Exported": {"Type": "Succeed"},
                "NotExported": {
                    "Type": "Fail",
                    "Error": "ExportFailed",
                    "Cause": "{% 'The export ' & $states.input.export & ' ended: ' & $states.input.cause %}",
                },
            },
        },
        "End": True,
    }


def look_for_export() -> State:
    """Return the state that tells whether a snapshot is exported, or being exported, and how often that was tried."""
    tried = "$count($states.result.ExportTasks)"
    known = "$count($states.result.ExportTasks[$not(Status in ['FAILED', 'CANCELED', 'CANCELING'])]) > 0"
    return call(
        LOOK_AT_EXPORTS,
        {"SourceArn": "{% $states.input %}"},
        Output=f"{{% {{'snapshot': $states.input, 'known': {known}, 'tried': {tried}}} %}}",
        Next="IsExported",
    )


def start_export() -> State:
    """Return the state that starts an export; while too many run, it tries again for some hours.

    An export's name is unique in an account and region, and the same for all who want the same: two executions that
    are started at once, as events may be delivered twice, do not export a snapshot twice.
    """
    day = "$replace($substring($states.context.Execution.StartTime, 0, 10), '-', '')"
    tail = "$lowercase($replace($substring($states.input.snapshot, -12), /[^A-Za-z0-9]/, ''))"
    state = call(
        START_EXPORT,
        {
            "ExportTaskIdentifier": f"{{% $join(['export', {day}, {tail}, $string($states.input.tried)], '-') %}}",
            "SourceArn": "{% $states.input.snapshot %}",
            "S3BucketName": "${Bucket}",
            "S3Prefix": "snapshots",
            "IamRoleArn": "${RoleArn}",
            "KmsKeyId": "${KeyArn}",
        },
        Output="{% {'export': $states.result.ExportTaskIdentifier} %}",
        Next="WaitForExport",
    )
    state["Retry"] = [
        {"ErrorEquals": [ALREADY_STARTED], "MaxAttempts": 0},
        {"ErrorEquals": ["States.ALL"], "IntervalSeconds": 60, "BackoffRate": 2.0, "MaxAttempts": 8},
    ]
    state["Catch"] = [{"ErrorEquals": [ALREADY_STARTED], "Next": "AlreadyExported"}]
    return state


def look_at_export() -> State:
    """Return the state that asks how an export is going."""
    task = "$states.result.ExportTasks[0]"
    return call(
        LOOK_AT_EXPORTS,
        {"ExportTaskIdentifier": "{% $states.input.export %}"},
        Output=(
            f"{{% {{'export': $states.input.export, 'status': {task}.Status, "
            f"'cause': {task}.FailureCause ? {task}.FailureCause : {task}.Status}} %}}"
        ),
        Next="HowDidItGo",
    )
