"use strict";
// Streamed answers: what `awslambda` offers to functions, and the stream that their handlers write to.
// docs: Lambda developer guide, "Writing response streaming-enabled Lambda functions"; its Runtime API has chunks and trailers.

const { Writable } = require("node:stream");

const { InvalidStreamingOperation, payload } = require("./errors.cjs");

const STREAMING = Symbol.for("aws.lambda.runtime.handler.streaming");
const HIGH_WATER_MARK = Symbol.for("aws.lambda.runtime.handler.streaming.highWaterMark");
const PRELUDE = "application/vnd.awslambda.http-integration-response";
const DELIMITER = Buffer.alloc(8);

/** The global `awslambda`. */
function streaming() {
  return {
    streamifyResponse(handler, options) {
      handler[STREAMING] = "response";
      if (typeof options?.highWaterMark === "number") handler[HIGH_WATER_MARK] = Math.trunc(options.highWaterMark);
      return handler;
    },
    HttpResponseStream: class HttpResponseStream {
      /** Puts status, headers and cookies in front of what is written to the stream. */
      static from(stream, prelude) {
        stream.setContentType(PRELUDE);
        const text = JSON.stringify(prelude);
        stream._onBeforeFirstWrite = (write) => {
          write(text);
          write(DELIMITER);
        };
        return stream;
      }
    },
  };
}

/** A stream of chunks. The request is opened with the first of them. */
class ResponseStream extends Writable {
  #client;
  #contentType = "application/octet-stream";
  #responded;
  #begun = false;

  constructor(client, options) {
    super(options);
    this.#client = client;
    this.responded = new Promise((resolve) => (this.#responded = resolve));
    this.on("error", () => {}); // the handler's business; unheard it would end the process
  }

  get begun() {
    return this.#begun;
  }

  setContentType(value) {
    if (this.#begun) throw new InvalidStreamingOperation("Cannot set content-type, too late.");
    this.#contentType = value;
  }

  write(chunk, ...rest) {
    const plain = typeof chunk === "string" || chunk instanceof Uint8Array;
    return super.write(plain ? chunk : JSON.stringify(chunk), ...rest);
  }

  _write(chunk, _, done) {
    this.#begin();
    this.#send(chunk, done);
  }

  _final(done) {
    this.#begin();
    this.#client.socket.write("0\r\n\r\n", done);
  }

  /** Ends the answer with an error, after what was written so far. */
  fail(error) {
    this.#begin();
    const told = payload(error);
    const body = Buffer.from(JSON.stringify(told)).toString("base64");
    const trailers = `Lambda-Runtime-Function-Error-Type: ${told.errorType}\r\nLambda-Runtime-Function-Error-Body: ${body}\r\n`;
    this.#client.socket.write(`0\r\n${trailers}\r\n`);
    this.destroy();
  }

  #begin() {
    if (this.#begun) return;
    this.#begun = true;
    this.#client.stream(this.#contentType, this.#responded);
    this._onBeforeFirstWrite?.((chunk) => this.#send(Buffer.from(chunk)));
  }

  #send(chunk, done) {
    if (!chunk.length) return done?.();
    const { socket } = this.#client;
    socket.cork();
    socket.write(`${chunk.length.toString(16)}\r\n`);
    socket.write(chunk);
    socket.write("\r\n", done);
    socket.uncork();
  }
}

/** A stream for the invocation under way, and what the runtime must know of it. */
function answerStream(client, highWaterMark) {
  const writable = new ResponseStream(client, highWaterMark === undefined ? {} : { highWaterMark });
  return {
    writable,
    begun: () => writable.begun,
    ended: () => writable.writableEnded,
    finished: () => writable.responded,
    abort(error) {
      if (!writable.writableFinished) writable.fail(error);
      return writable.responded;
    },
  };
}

module.exports = { streaming, answerStream, STREAMING, HIGH_WATER_MARK };
