// Stripe's own library, as an oracle. Reads a list of commands as JSON from
// standard input and prints the list of what came of them:
//   {"do": "call", "path": ["checkout", "sessions", "create"], "with": [...]}
//   {"do": "sign", "payload": "…", "secret": "…", "timestamp": 1}
//   {"do": "construct", "payload": "…", "header": "…", "secret": "…", "now": 1}
"use strict";

const Stripe = require("stripe");

async function call(stripe, command) {
  let target = stripe;
  for (const name of command.path.slice(0, -1)) target = target[name];
  try {
    const object = await target[command.path.at(-1)](...command.with);
    const { lastResponse } = object;
    return {
      object,
      replayed: lastResponse.headers["idempotent-replayed"] ?? null,
      request: lastResponse.requestId,
    };
  } catch (error) {
    const { type, rawType, code, param, statusCode, message } = error;
    return { error: { type, rawType, code, param, statusCode, message } };
  }
}

function run(stripe, command) {
  switch (command.do) {
    case "call":
      return call(stripe, command);
    case "sign":
      return stripe.webhooks.generateTestHeaderString({
        payload: command.payload,
        secret: command.secret,
        timestamp: command.timestamp,
      });
    case "construct":
      try {
        return stripe.webhooks.constructEvent(
          command.payload,
          command.header,
          command.secret,
          300,
          undefined,
          command.now * 1000,
        );
      } catch (error) {
        return { error: { type: error.type, message: error.message } };
      }
    default:
      throw new Error(`unknown command ${command.do}`);
  }
}

async function main() {
  const chunks = [];
  for await (const chunk of process.stdin) chunks.push(chunk);
  const { key, port, commands } = JSON.parse(Buffer.concat(chunks).toString("utf8"));
  const stripe = new Stripe(key ?? "sk_test_unused", {
    host: "127.0.0.1",
    port,
    protocol: "http",
    maxNetworkRetries: 0,
    telemetry: false,
  });
  const results = [];
  for (const command of commands) results.push(await run(stripe, command));
  process.stdout.write(JSON.stringify(results));
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
