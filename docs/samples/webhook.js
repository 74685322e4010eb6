// Receives the calls of a webhook, and believes only those that are signed with its secret.
const crypto = require("crypto"), http = require("http");

function genuine(body, header, secret) {
  const parts = header.split(",").map((part) => part.split("=", 2));
  const at = parts.find(([name]) => name === "t")[1];
  const own = Buffer.from(crypto.createHmac("sha256", secret).update(at + ".").update(body).digest("hex"));
  const same = (value) => value.length === own.length && crypto.timingSafeEqual(own, Buffer.from(value));
  const fresh = Math.abs(Date.now() / 1000 - Number(at)) < 300; // else somebody plays it again
  return fresh && parts.some(([name, value]) => name === "v1" && same(value));
}

http.createServer((request, response) => {
  const chunks = [];
  request.on("data", (chunk) => chunks.push(chunk)).on("end", () => {
    const body = Buffer.concat(chunks);
    const good = genuine(body, request.headers["mcof-signature"] || "t=0", process.env.MCOF_SECRET); // whsec_...
    if (good) {
      const event = JSON.parse(body); // id, type, crisis, revision, at: note the id, the same one may come again
      console.log(event.type, event.crisis);
    }
    response.writeHead(good ? 204 : 400).end();
  });
}).listen(Number(process.env.PORT || 9000), "127.0.0.1");
