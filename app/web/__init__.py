"""Requests and pages: forms, routes, templates, assets, and the middleware around all of them."""
