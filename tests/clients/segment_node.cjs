// What a product with @segment/analytics-node does; run as a process by the test.
const { Analytics } = require("@segment/analytics-node");

const [host, writeKey] = process.argv.slice(2);
const errors = [];
const analytics = new Analytics({ host, writeKey, flushAt: 10, flushInterval: 200, maxRetries: 2 });
analytics.on("error", (error) => errors.push(String(error.reason ?? error.code)));
analytics.identify({ userId: "ann", traits: { email: "ann@example.com" } });
analytics.group({ userId: "ann", groupId: "g1", traits: { name: "Acme" } });
// Batches travel side by side: what comes before its group waits for it.
(async () => {
  for (let rows = 0; rows < 25; rows++) {
    analytics.track({ userId: "ann", event: "Report Built", properties: { rows, "café": "☃" } });
  }
  const timestamp = new Date(Date.now() - 86_400_000);
  analytics.track({ userId: "ann", event: "Yesterday", timestamp });
  analytics.page({ userId: "ann", name: "Start" });
  analytics.screen({ userId: "ann", name: "Home" });
  analytics.track({ userId: "bob", event: "Elsewhere", context: { groupId: "g2" } });
  analytics.track({ userId: "nobody", event: "Waiting" });
  analytics.alias({ userId: "anna", previousId: "ann" });
  await analytics.closeAndFlush({ timeout: 20_000 });
  console.log(JSON.stringify(errors));
})();
