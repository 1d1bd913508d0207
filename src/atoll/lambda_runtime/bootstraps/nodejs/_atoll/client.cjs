"use strict";
// The Runtime API over the connection that the process was given. An answer travels together with the request for the next invocation.
// docs: Lambda developer guide, "Using the Lambda runtime API for custom runtimes".

const { payload } = require("./errors.cjs");
const log = require("./log.cjs");

const PREFIX = "/2018-06-01/runtime/";
const NEXT = `GET ${PREFIX}invocation/next HTTP/1.1\r\nHost: runtime\r\n\r\n`;
const END = Buffer.from("\r\n\r\n");
const SURELY_FITS = 2 * 1024 * 1024; // units of at most three bytes, of which the Runtime API takes 6 MB
const TOO_LARGE = "LAMBDA_RUNTIME Failed to post handler success response. Http response code: 413.\n";

class Client {
  /** `socket` is connected to the Runtime API, or about to be. */
  constructor(socket) {
    this.current = undefined; // the id of the invocation under way
    this.started = false; // an invocation has been asked for: the initialization is over
    this.waiting = []; // what to do with each response that is to come
    this.unread = Buffer.alloc(0);
    this.socket = socket;
    this.socket.on("data", (data) => this.#read(data));
    this.socket.on("end", () => process.exit(0)); // the environment is let go
    this.socket.on("error", () => process.exit(0));
    this.socket.unref();
  }

  /** Asks for the next invocation, which `serve(headers, body)` gets; the names of headers are in lower case. */
  next(serve, answer = "") {
    this.current = undefined;
    this.started = true;
    this.socket.ref();
    this.socket.write(answer + NEXT);
    this.waiting.push((_, headers, body) => {
      this.current = headers["lambda-runtime-aws-request-id"];
      this.socket.unref(); // so that the loop can be empty while the function runs
      serve(headers, body);
    });
  }

  /** Answers the invocation under way with JSON text, and asks for the next. */
  respond(text, serve) {
    const answer = post(`invocation/${this.current}/response`, text);
    if (answer.length <= SURELY_FITS) {
      this.#expect();
      return this.next(serve, answer);
    }
    this.#expect(() => this.next(serve)); // not before, for what is said of its size is of this invocation's log
    this.socket.ref();
    this.socket.write(answer);
  }

  /** Reports that the invocation under way failed, and asks for the next. */
  fail(error, serve) {
    const answer = this.#failure(`invocation/${this.current}/error`, error);
    this.#expect();
    this.next(serve, answer);
  }

  /** Opens a streamed answer to the invocation under way; chunks and trailers are then the caller's to write to `socket`. */
  stream(contentType, responded) {
    const head = `POST ${PREFIX}invocation/${this.current}/response HTTP/1.1\r\nHost: runtime\r\nContent-Type: ${contentType}\r\n`;
    const trailers = "Trailer: Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body\r\n";
    this.#expect(responded);
    this.socket.ref();
    this.socket.write(`${head}Lambda-Runtime-Function-Response-Mode: streaming\r\nTransfer-Encoding: chunked\r\n${trailers}\r\n`);
  }

  /** Reports what the process dies of, and ends it once that has arrived. */
  die(error, status) {
    const path = this.current === undefined ? "init/error" : `invocation/${this.current}/error`;
    if (this.current === undefined && this.started) process.exit(status); // between two invocations nobody is to be told
    this.waiting = [() => process.exit(status)];
    this.socket.ref();
    this.socket.write(this.#failure(path, error));
  }

  #failure(path, error) {
    const told = payload(error);
    return post(path, JSON.stringify(told), `Lambda-Runtime-Function-Error-Type: ${header(told.errorType)}\r\n`);
  }

  #expect(responded = () => {}) {
    this.waiting.push((status) => {
      if (status === 413) log.whole(Buffer.from(TOO_LARGE));
      responded();
    });
  }

  #read(data) {
    this.unread = this.unread.length ? Buffer.concat([this.unread, data]) : data;
    for (;;) {
      const end = this.unread.indexOf(END);
      if (end < 0) return;
      const [status, ...lines] = this.unread.toString("latin1", 0, end).split("\r\n");
      const headers = Object.fromEntries(lines.map(field));
      const size = end + END.length + Number(headers["content-length"] ?? 0);
      if (this.unread.length < size) return;
      const body = this.unread.toString("utf8", end + END.length, size);
      this.unread = this.unread.subarray(size);
      this.waiting.shift()(Number(status.split(" ")[1]), headers, body);
    }
  }
}

function post(path, text, headers = "") {
  const length = `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(text)}\r\n`;
  return `POST ${PREFIX}${path} HTTP/1.1\r\nHost: runtime\r\n${length}${headers}\r\n${text}`;
}

function field(line) {
  const at = line.indexOf(":");
  return [line.slice(0, at).toLowerCase(), Buffer.from(line.slice(at + 1).trim(), "latin1").toString("utf8")];
}

/** What may stand in a header. */
function header(text) {
  return String(text).replace(/[^\x20-\x7e]/g, "?");
}

module.exports = { Client };
