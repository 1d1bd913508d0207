"use strict";
// Errors with a type of Lambda's own, and how any error looks in an answer and in the log.

const util = require("node:util");

/** The error classes named, each with the type `Runtime.` and its name. */
function declare(...names) {
  return Object.fromEntries(
    names.map((name) => {
      const type = { [name]: class extends Error {} }[name];
      Object.defineProperty(type.prototype, "name", { value: `Runtime.${name}`, writable: true, configurable: true });
      return [name, type];
    }),
  );
}

const types = declare(
  "CallbackHandlerDeprecated", "HandlerNotFound", "ImportModuleError", "InvalidStreamingOperation", "JSONStringifyError",
  "MalformedHandlerName", "MalformedStreamingHandler", "NodeJsExit", "UserCodeSyntaxError",
);

class UnhandledPromiseRejection extends Error {
  constructor(reason, promise) {
    super(reason);
    this.reason = reason;
    this.promise = promise;
  }
}
Object.defineProperty(UnhandledPromiseRejection.prototype, "name", { value: "Runtime.UnhandledPromiseRejection" });

/** The answer of a failed invocation or initialization: {errorType, errorMessage, trace}. */
function payload(error) {
  try {
    if (util.types.isNativeError(error) || looksLikeError(error)) {
      return { errorType: printable(error.name), errorMessage: printable(error.message), trace: printable(error.stack).split("\n") };
    }
    return { errorType: typeof error, errorMessage: error.toString(), trace: [] };
  } catch {
    const problem = "there was a problem while retrieving one or more of its message, name, and stack";
    return { errorType: "handled", errorMessage: `callback called with Error argument, but ${problem}` };
  }
}

function looksLikeError(value) {
  return ["name", "message", "stack"].every((field) => value?.[field] && typeof value[field] === "string");
}

/** DEL may stand in no header, where the type goes too. */
function printable(text) {
  return text?.replaceAll("\x7f", "%7F");
}

/** What stands behind "Invoke Error" and its like in a text log: an error's fields, its own ones too, as one line of JSON. */
function described(error) {
  const wrapped = error instanceof Error ? error : new Error(error);
  try {
    return "\t" + JSON.stringify(wrapped, (_, value) => (value instanceof Error ? fields(value) : value));
  } catch {
    return "\t" + JSON.stringify(payload(wrapped));
  }
}

function fields(error) {
  const known = { errorType: error.name, errorMessage: error.message, code: error.code, ...error };
  return typeof error.stack === "string" ? { ...known, stack: error.stack.split("\n") } : known;
}

module.exports = { ...types, UnhandledPromiseRejection, payload, described };
