// Midtrans' own library, as an oracle. Reads {port, key, commands} as JSON from
// standard input and prints the list of what came of the commands:
//   {"do": "page", "with": {…}}                    createTransaction of Snap
//   {"do": "status" | "expire" | "cancel", "id": "…"}
//   {"do": "refund", "id": "…", "with": {…}}
//   {"do": "notification", "with": {…}}            which asks for the status
"use strict";

const midtransClient = require("midtrans-client");

function clients({ port, key }) {
  const settings = { isProduction: false, serverKey: key, clientKey: "none" };
  const all = [
    new midtransClient.Snap(settings),
    new midtransClient.CoreApi(settings),
  ];
  for (const client of all) {
    const base = `http://127.0.0.1:${port}`;
    client.apiConfig.getSnapApiBaseUrl = () => `${base}/snap/v1`;
    client.apiConfig.getCoreApiBaseUrl = () => base;
  }
  return all;
}

async function run([snap, core], command) {
  try {
    switch (command.do) {
      case "page":
        return { done: await snap.createTransaction(command.with) };
      case "refund":
        return { done: await core.transaction.refund(command.id, command.with) };
      case "notification":
        return { done: await core.transaction.notification(command.with) };
      default:
        return { done: await core.transaction[command.do](command.id) };
    }
  } catch (error) {
    const { httpStatusCode, ApiResponse, message } = error;
    return { error: { status: httpStatusCode, body: ApiResponse, message } };
  }
}

async function main() {
  let text = "";
  for await (const piece of process.stdin) text += piece;
  const input = JSON.parse(text);
  const made = clients(input);
  const answers = [];
  for (const command of input.commands) answers.push(await run(made, command));
  process.stdout.write(JSON.stringify(answers));
}

main();
