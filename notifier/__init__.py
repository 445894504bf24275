"""Turns events into activity, feed, mail, webhooks and notifications. Is asked for permission by nobody's write."""
