// Keeps the crises that you may see in crises.json. Node 18 or newer. Run it again whenever you like.
const fs = require("fs");

(async () => {
  const start = process.env.MCOF + "changes/", headers = { Authorization: "Token " + process.env.MCOF_TOKEN };
  const empty = () => ({ next: start, crises: {} });
  let store = fs.existsSync("crises.json") ? JSON.parse(fs.readFileSync("crises.json")) : empty();
  for (let more = true; more; ) {
    const answer = await fetch(store.next, { headers });
    if (answer.status === 410) { store = empty(); continue; } // what you may see has changed: begin again
    if (!answer.ok) throw new Error(await answer.text());
    const page = await answer.json();
    for (const crisis of page.results) store.crises[crisis.reference] = crisis;
    for (const crisis of page.gone) delete store.crises[crisis.reference];
    store.next = page.next;
    more = page.has_more;
  }
  fs.writeFileSync("crises.new", JSON.stringify(store)); // the crises and the place together
  fs.renameSync("crises.new", "crises.json");
})();
