"""From a session or an artifact to measurements."""
