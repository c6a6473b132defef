"""Write notejam_cfn/core/regions.json anew: the regions, and which resource types used here some of them lack.

Source: the resource types of each region, as cfn-lint bundles them. Run it after cfn-lint was updated, and after
tools/refresh_permissions.py, whose list of the types that templates use this one reads:

    python tools/refresh_regions.py
"""

from __future__ import annotations

import argparse
import importlib.metadata
import importlib.util
import json
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
TARGET = ROOT / "notejam_cfn" / "core" / "regions.json"
TYPES = ROOT / "notejam_cfn" / "iam" / "permissions.json"
REGION = re.compile(r"[a-z]{2,4}(-[a-z]+)+-\d+")  # beside the regions lies a list for the Serverless transform, `sam`


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the data."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args(
        arguments
    )
    found = data(json.loads(TYPES.read_text(encoding="utf-8"))["types"])
    TARGET.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    print(
        f"{TARGET.relative_to(ROOT)}: {len(found['regions'])} regions, {len(found['missing'])} types some of them lack"
    )
    return 0


def text(kinds: Iterable[str]) -> str:
    """Return regions.json for these resource types."""
    return json.dumps(data(kinds), indent=1, sort_keys=True) + "\n"


def data(kinds: Iterable[str]) -> dict[str, Any]:
    """Return what regions.json holds, for these resource types."""
    types = {path.stem: set(json.loads(path.read_text(encoding="utf-8"))) for path in provider_lists()}
    regions = sorted(types)
    missing = {kind: [region for region in regions if kind not in types[region]] for kind in sorted(kinds)}
    return {
        "source": f"cfn-lint {importlib.metadata.version('cfn-lint')}",
        "regions": regions,
        "missing": {kind: lacking for kind, lacking in missing.items() if lacking},
    }


def provider_lists() -> list[Path]:
    """Return the files that list each region's resource types. Importing cfn-lint would take half a second."""
    spec = importlib.util.find_spec("cfnlint")
    if spec is None or spec.origin is None:
        raise SystemExit("refresh_regions: needs cfn-lint: pip install -e '.[lint]'")
    folder = Path(spec.origin).parent / "data" / "schemas" / "providers"
    return sorted(path for path in folder.glob("*.json") if REGION.fullmatch(path.stem))


if __name__ == "__main__":
    raise SystemExit(main())
