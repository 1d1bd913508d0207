"use strict";
// console.* in Lambda's two formats, one log event per call however many lines it has.
// docs: Lambda developer guide, "Log and monitor Node.js Lambda functions"; the frame is the one of `lambda_runtime/logs.py`.

const fs = require("node:fs");
const util = require("node:util");

const errors = require("./errors.cjs");

const STDOUT = 1;
const FRAME = Buffer.from([0xa5, 0x5a, 0x00, 0x03]);
const LEVELS = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"];
const METHODS = { trace: "TRACE", debug: "DEBUG", log: "INFO", info: "INFO", warn: "WARN", error: "ERROR", fatal: "FATAL" };
const FULL = new Int32Array(new SharedArrayBuffer(4));

let requestId;
let json = false;

/** Takes over the console, as AWS_LAMBDA_LOG_FORMAT and AWS_LAMBDA_LOG_LEVEL say. */
function begin() {
  json = process.env.AWS_LAMBDA_LOG_FORMAT?.toUpperCase() === "JSON";
  const lowest = LEVELS.indexOf(process.env.AWS_LAMBDA_LOG_LEVEL?.toUpperCase());
  for (const [method, level] of Object.entries(METHODS)) {
    const heard = level === "FATAL" || LEVELS.indexOf(level) >= lowest;
    console[method] = heard ? (message, ...rest) => write(level, [message, ...rest]) : () => {};
  }
}

/** What follows belongs to this invocation. */
function invocation(id) {
  requestId = id;
}

/** Logs a failure under its heading, as AWS does. */
function failure(heading, error) {
  if (json) console.error(error instanceof Error ? error : new Error(error));
  else console.error(heading, errors.described(error));
}

function write(level, values) {
  const now = new Date();
  const stamp = now.toISOString();
  emit(now, json ? record(stamp, level, values) : `${stamp}\t${requestId}\t${level}\t${util.format(...values)}\n`);
}

/** One line of JSON. A single value that is no text is kept as it is. */
function record(timestamp, level, values) {
  const entry = { timestamp, level, requestId };
  if (values.length === 1) {
    try {
      return JSON.stringify({ ...entry, message: values[0] }, plain);
    } catch {
      return JSON.stringify({ ...entry, message: util.format(values[0]) });
    }
  }
  entry.message = util.format(...values);
  const error = values.find((value) => value instanceof Error);
  return JSON.stringify(error === undefined ? entry : { ...entry, ...thrown(error) });
}

function plain(_, value) {
  return value instanceof Error ? { ...thrown(value), ...value } : value;
}

function thrown(error) {
  return {
    errorType: error.constructor?.name ?? "UnknownError",
    errorMessage: error.message,
    stackTrace: typeof error.stack === "string" ? error.stack.split("\n") : [],
  };
}

/** Writes one event, at once: what was logged is not lost when the process dies. */
function emit(now, text) {
  const body = Buffer.from(text);
  const head = Buffer.alloc(16);
  FRAME.copy(head);
  head.writeUInt32BE(body.length, 4);
  head.writeBigInt64BE(BigInt(now.getTime()) * 1000n, 8);
  whole(Buffer.concat([head, body]));
}

/** Writes plain text to the log. */
function whole(data) {
  for (let at = 0; at < data.length; ) {
    try {
      at += fs.writeSync(STDOUT, data, at);
    } catch (error) {
      if (error.code !== "EAGAIN") throw error;
      Atomics.wait(FULL, 0, 0, 1); // the function has made the pipe non-blocking, and it is full
    }
  }
}

module.exports = { begin, invocation, failure, whole };
