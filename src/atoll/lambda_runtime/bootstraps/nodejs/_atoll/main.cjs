"use strict";
// From the process's start to the function's first invocation.

const fs = require("node:fs");
const Module = require("node:module");
const net = require("node:net");
const { pathToFileURL } = require("node:url");

const { Client } = require("./client.cjs");
const { leadHome } = require("./connections.cjs");
const { UnhandledPromiseRejection } = require("./errors.cjs");
const { findHandler } = require("./handler.cjs");
const log = require("./log.cjs");
const { serve } = require("./serve.cjs");
const { streaming } = require("./stream.cjs");

/** Modules of Node.js that the SDK imports: loaded while nobody waits. The SDK itself would take 17 MB more of every function. */
const AHEAD = ["https", "http2", "crypto", "stream/promises", "fs/promises", "os", "zlib"];
const EXIT_EXCEPTION = 129;
const EXIT_REJECTION = 128;

/** Waits to be told whose process this is, where it was started ahead; then loads the handler and serves. */
async function main(require, load) {
  const [api, go] = process.argv.splice(2).map(Number);
  if (go !== undefined) {
    for (const name of AHEAD) require(`node:${name}`);
    become(JSON.parse(readAll(go)));
  }
  log.begin();
  const client = new Client(connection(api));
  process.on("uncaughtException", (error) => {
    log.failure("Uncaught Exception", error);
    client.die(error, EXIT_EXCEPTION);
  });
  process.on("unhandledRejection", (reason, promise) => {
    const error = new UnhandledPromiseRejection(reason, promise);
    log.failure("Unhandled Promise Rejection", error);
    client.die(error, EXIT_REJECTION);
  });
  const global = process.env.AWS_LAMBDA_NODEJS_NO_GLOBAL_AWSLAMBDA;
  if (global !== "1" && global !== "true") globalThis.awslambda = streaming();
  heedSearchPath();
  leadHome();
  const found = await findHandler(process.env.LAMBDA_TASK_ROOT, process.env._HANDLER, require, load);
  serve(client, found);
}

/** Takes on the environment variables and the directory of the function. What is the same stays: a new TZ alone costs milliseconds. */
function become({ environment, root }) {
  for (const name of Object.keys(process.env)) if (!(name in environment)) delete process.env[name];
  for (const [name, value] of Object.entries(environment)) if (process.env[name] !== value) process.env[name] = value;
  process.chdir(root);
  Module._initPaths(); // NODE_PATH has been read at the start
}

function connection(descriptor) {
  if (descriptor !== undefined) return new net.Socket({ fd: descriptor, readable: true, writable: true });
  const [host, port] = process.env.AWS_LAMBDA_RUNTIME_API.split(":");
  return net.connect({ host, port, noDelay: true });
}

/** Lets ES modules be found by NODE_PATH where the sandbox's links do not: without a sandbox, and in a layer for this version alone. */
function heedSearchPath() {
  const searchPath = process.env.NODE_PATH ?? "";
  if (process.env.LAMBDA_TASK_ROOT === "/var/task" && !fs.existsSync(searchPath.split(":")[0])) return;
  Module.register?.("./resolve.mjs", { parentURL: pathToFileURL(__filename), data: searchPath });
}

/** Blocks until the other side has said everything. */
function readAll(descriptor) {
  const text = fs.readFileSync(descriptor, "utf8");
  fs.closeSync(descriptor);
  return text;
}

module.exports = { main };
