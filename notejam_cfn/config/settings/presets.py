"""The sizes: what a stage's settings start from."""

from __future__ import annotations

from typing import Any

NOTEJAM: dict[str, dict[str, Any]] = {
    "database": {"database_name": "notejam"},
    "monitoring": {"runbook_url": "docs/runbook.md", "metrics_namespace": "Notejam"},
}
"""What the application that notejam.toml describes changes from the defaults, in every size."""

PRESETS: dict[str, dict[str, Any]] = {
    "economy": {
        "network": {"egress": "ipv6"},
        "encryption": {"keep_key": False, "key_deletion_days": 7},
        "database": {
            "min_acu": 0,
            "max_acu": 2,
            "pause_after_minutes": 5,
            "readers": 0,
            "backup_days": 1,
            "deletion_protection": False,
            "final_snapshot": False,
        },
        "load_balancer": {"deletion_protection": False, "access_log_days": 7},
        "cluster": {"insights": "enabled"},
        "service": {
            "min_tasks": 0,
            "max_tasks": 4,
            "sleep_after_minutes": 60,
            "spot_percent": 100,
            "exec_access": True,
        },
        "backups": {
            "daily_retention_days": 7,
            "weekly_retention_days": 0,
            "monthly_retention_days": 0,
            "deletable": True,
            "own_key": False,
            "export": False,
            "restore_test": False,
        },
        "monitoring": {"level": "essential", "dashboard": False, "monthly_budget_usd": 40},
    },
    "standard": {
        "network": {"egress": "nat"},
        "database": {
            "min_acu": 0,
            "max_acu": 8,
            "pause_after_minutes": 30,
            "readers": 1,
            "backup_days": 7,
            "deletion_protection": False,
            "final_snapshot": True,
        },
        "load_balancer": {"deletion_protection": False, "access_log_days": 90},
        "cluster": {"insights": "enabled"},
        "service": {"min_tasks": 2, "max_tasks": 8, "fargate_base": 1, "spot_percent": 75},
        "monitoring": {"monthly_budget_usd": 250},
    },
    "resilient": {
        "termination_protection": True,
        "approval": True,
        "network": {"egress": "nat-per-zone"},
        "database": {
            "min_acu": 1,
            "max_acu": 32,
            "readers": 2,
            "backup_days": 35,
            "deletion_protection": True,
            "final_snapshot": True,
            "insights": True,
        },
        "load_balancer": {"waf": True, "deletion_protection": True, "access_log_days": 1096},
        "cluster": {"insights": "enhanced"},
        "service": {
            "cpu_units": 512,
            "memory_mib": 1024,
            "min_tasks": 3,
            "max_tasks": 24,
            "busy_min_tasks": 6,
            "fargate_base": 3,
            "spot_percent": 50,
        },
        "backups": {"daily_retention_days": 35, "weekly_retention_days": 371, "lock": True},
        "monitoring": {"monthly_budget_usd": 1500},
    },
}
"""What each size changes from the defaults; notejam.toml then overrides any field."""
