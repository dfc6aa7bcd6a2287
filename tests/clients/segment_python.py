"""What a product with segment-analytics-python does; run as a process by the test."""

import json
import sys
from datetime import UTC, datetime, timedelta

# Installed in a folder of its own.
from segment.analytics.client import Client  # pyrefly: ignore[missing-import]

host, key, packed = sys.argv[1:]
errors: list[str] = []
client = Client(
    key, host=host, gzip=packed == "gzip", on_error=lambda error, _: errors.append(str(error))
)
client.identify("ann", {"email": "ann@example.com"})
client.group("ann", "g1", {"name": "Acme"})
for number in range(25):
    client.track("ann", "Report Built", {"rows": number, "café": "☃"})
client.track("ann", "Yesterday", timestamp=datetime.now(UTC) - timedelta(days=1))
client.page("ann", "Docs", "Start")
client.screen("ann", None, "Home")
client.track("bob", "Elsewhere", context={"groupId": "g2"})
client.track("nobody", "Waiting")
client.alias("ann", "anna")
client.flush()
client.join()
print(json.dumps(errors))  # noqa: T201 - the test reads it
