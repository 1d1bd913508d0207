"use strict";
// Invocations, one after another: by callback, promise, or stream, as the handler and the runtime's version have it.

const { context, trace } = require("./context.cjs");
const { CallbackHandlerDeprecated, JSONStringifyError, NodeJsExit } = require("./errors.cjs");
const log = require("./log.cjs");
const { answerStream } = require("./stream.cjs");

const GUIDE = "https://docs.aws.amazon.com/lambda/latest/dg/nodejs-handler.html";
const REFUSED =
  "ERROR: AWS Lambda has removed support for callback-based function handlers starting with Node.js 24. You need to modify this " +
  `function to use a supported handler signature to use Node.js 24 or later. For more information see ${GUIDE}.`;
const DISCOURAGED =
  "AWS Lambda plans to remove support for callback-based function handlers starting with Node.js 24. You will need to update this " +
  "function to use an async handler to use Node.js 24 or later. For more information and to provide feedback on this change, see " +
  "https://github.com/aws/aws-lambda-nodejs-runtime-interface-client/issues/137. To disable this warning, set the " +
  "AWS_LAMBDA_NODEJS_DISABLE_CALLBACK_WARNING environment variable.";
const NEVER_SETTLED =
  "The Lambda runtime client detected an unexpected Node.js exit code. This is most commonly caused by a Promise that was never " +
  "settled. For more information, see https://nodejs.org/docs/latest/api/process.html#exit-codes";
const TWICE = "Invocation has already been reported as done. Cannot call complete more than once per invocation.";

/** Serves for ever. `found` is what `findHandler` answers. Throws CallbackHandlerDeprecated. */
function serve(client, { handler, streaming, highWaterMark }) {
  const promised = Number(/nodejs(\d+)/.exec(process.env.AWS_EXECUTION_ENV)?.[1]) >= 24;
  judge(handler, streaming, promised);
  const runtime = new Runtime(handler);
  let emptied = () => {}; // what an empty event loop means at the moment
  process.on("beforeExit", () => emptied());
  const whenEmpty = (action) => (emptied = action);
  const invoke = streaming ? invokeStream : promised ? invokePromise : invokeCallback;
  const next = (headers, body) => {
    log.invocation(headers["lambda-runtime-aws-request-id"]);
    trace(headers);
    const answer = new Answer(client, next, whenEmpty);
    whenEmpty(() => answer.unsettled(handler, streaming || promised));
    invoke(runtime, headers, body, answer, highWaterMark);
  };
  client.next(next);
}

function judge(handler, streaming, promised) {
  if (streaming) return;
  if (promised && handler.length >= 3) throw new CallbackHandlerDeprecated(REFUSED);
  const silenced = process.env.AWS_LAMBDA_NODEJS_DISABLE_CALLBACK_WARNING !== undefined;
  if (!promised && handler.length === 3 && !isAsync(handler) && !silenced) console.warn(DISCOURAGED);
}

function isAsync(handler) {
  return handler.constructor?.name === "AsyncFunction";
}

/** What a handler's `this` is, and what stack traces show it to be called on. */
class Runtime {
  constructor(handler) {
    this.handler = handler;
  }
}

/** What becomes of one invocation: exactly one of its methods has an effect, once. */
class Answer {
  constructor(client, next, whenEmpty) {
    Object.assign(this, { client, next, whenEmpty, given: false });
  }

  succeed(value, Unwritable = Error) {
    if (this.given) return console.error(TWICE);
    const text = stringified(value, Unwritable);
    this.#give();
    this.client.respond(text, this.next);
  }

  fail(error) {
    if (this.given) return;
    log.failure("Invoke Error", error);
    this.#give();
    this.client.fail(error, this.next);
  }

  /** The answer has gone its own way. */
  done() {
    this.#give();
    this.client.next(this.next);
  }

  /** The event loop is empty and the handler has not answered. */
  unsettled(handler, promised) {
    if (promised || isAsync(handler)) this.fail(new NodeJsExit(NEVER_SETTLED));
    else this.succeed(null);
  }

  #give() {
    this.given = true;
    this.whenEmpty(() => {});
  }
}

function stringified(value, Unwritable) {
  try {
    return JSON.stringify(value === undefined ? null : value) ?? "null";
  } catch {
    throw new Unwritable("Unable to stringify response body");
  }
}

/** nodejs24.x and later: whatever the handler returns, or resolves to, is the answer. */
async function invokePromise(runtime, headers, body, answer) {
  try {
    answer.succeed(await runtime.handler(JSON.parse(body), context(headers, {})), JSONStringifyError);
  } catch (error) {
    answer.fail(error);
  }
}

/** Up to nodejs22.x: a promise's value, or what the callback or the context's methods are called with; the first of them counts. */
function invokeCallback(runtime, headers, body, answer) {
  const finish = controls(answer);
  try {
    const result = runtime.handler(JSON.parse(body), context(headers, finish.context), finish.callback);
    if (typeof result?.then === "function") result.then(finish.context.succeed, finish.context.fail).catch(finish.context.fail);
  } catch (error) {
    finish.callback(error);
  }
}

/** The callback, and the base of the context, with what ends an invocation at once. */
function controls(answer) {
  let called = false;
  let waits = true;
  const first = (action) => (...values) => {
    if (called) return;
    action(...values);
    called = true;
  };
  const finish = (error, value) => (error === undefined || error === null ? answer.succeed(value) : answer.fail(error));
  const callback = (error, value) => {
    if (!waits || (error !== undefined && error !== null)) finish(error, value);
    else answer.whenEmpty(() => setImmediate(() => answer.succeed(value)));
  };
  const context = {
    get callbackWaitsForEmptyEventLoop() {
      return waits;
    },
    set callbackWaitsForEmptyEventLoop(value) {
      waits = value;
    },
    succeed: first((value) => finish(null, value)),
    fail: first((error) => finish(error ?? "handled")),
    done: first(finish),
  };
  return { callback: first(callback), context };
}

/** A streaming handler gets (event, stream, context), must be async, and must end the stream. */
async function invokeStream(runtime, headers, body, answer, highWaterMark) {
  const stream = answerStream(answer.client, highWaterMark);
  try {
    const result = runtime.handler(JSON.parse(body), stream.writable, context(headers, {}));
    if (typeof result?.then !== "function") throw "Streaming does not support non-async handlers.";
    if ((await result) !== undefined) console.warn("Streaming handlers ignore return values.");
    if (!stream.ended()) throw "Response stream is not finished.";
    await stream.finished();
    answer.done();
  } catch (error) {
    if (!stream.begun()) return answer.fail(error);
    log.failure("Invoke Error", error);
    await stream.abort(error);
    answer.done();
  }
}

module.exports = { serve };
