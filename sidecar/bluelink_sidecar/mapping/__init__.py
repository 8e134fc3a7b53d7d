"""From the library's Vehicle to the bridge's vehicle report: metric, complete, null where unknown."""
