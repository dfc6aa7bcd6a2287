// The key stays in this browser tab; every request carries it.
const field = document.getElementById("key");
field.value = sessionStorage.getItem("tenure-key") || "";
field.addEventListener("change", () => {
  sessionStorage.setItem("tenure-key", field.value.trim());
  show();
});

const first = `# The accounts most likely to churn within 90 days, and why.
# Paste the API key above, then press the play button.
query Riskiest {
  atRisk(withinDays: 90, first: 10) {
    nodes {
      account {
        name
        stage
        usage { activeMembers28 { value } weeklyTrend { value } }
        billing { mrr { cents currency } }
        learning { educationAdoption { value } }
      }
      risk {
        band
        churnProbability(withinDays: 90) { value low high }
        renewalProbability { value }
        drivers(top: 3) { label value contribution direction source }
      }
    }
  }
}
`;

let root;
function show() {
  if (!field.value.trim()) return; // the hint stays until there is a key
  root ??= ReactDOM.createRoot(document.getElementById("graphiql"));
  const authorization = `Bearer ${field.value.trim()}`;
  const address = location.origin.replace(/^http/, "ws") + "/graphql";
  const fetcher = GraphiQL.createFetcher({
    url: "/graphql",
    headers: { authorization },
    subscriptionUrl: address,
    wsConnectionParams: { authorization },
  });
  root.render(React.createElement(GraphiQL, { key: authorization, fetcher, defaultQuery: first, shouldPersistHeaders: false }));
}
show();
