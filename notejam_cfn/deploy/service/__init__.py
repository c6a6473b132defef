"""What runs: releases, status, logs and shells."""
