"use strict";
// Finds the function that a handler's name means. docs: Lambda developer guide, "Define Lambda function handler in Node.js".

const fs = require("node:fs");
const path = require("node:path");

const { HandlerNotFound, ImportModuleError, MalformedHandlerName, MalformedStreamingHandler, UserCodeSyntaxError } = require("./errors.cjs");
const { HIGH_WATER_MARK, STREAMING } = require("./stream.cjs");

/** {handler, streaming, highWaterMark} for `directories/module.nested.function` below `root`. `require` and `load` are the entry's. */
async function findHandler(root, name, require, load) {
  if (name.includes("..")) {
    const advice = "Use absolute paths when specifying root directories in handler names.";
    throw new MalformedHandlerName(`'${name}' is not a valid handler name. ${advice}`);
  }
  const last = path.basename(name);
  const directory = name.slice(0, name.indexOf(last));
  const dot = last.indexOf(".");
  if (dot < 0) throw new MalformedHandlerName("Bad handler");
  const module = await imported(root, directory, last.slice(0, dot), require, load);
  const handler = last.slice(dot + 1).split(".").reduce((value, key) => value && value[key], module);
  if (!handler) throw new HandlerNotFound(`${name} is undefined or not exported`);
  if (typeof handler !== "function") throw new HandlerNotFound(`${name} is not a function`);
  return { handler, ...modes(handler) };
}

function modes(handler) {
  const mode = handler[STREAMING] || undefined;
  if (mode !== undefined && mode !== "response") throw new MalformedStreamingHandler("Only response streaming is supported.");
  const mark = parseInt(handler[HIGH_WATER_MARK], 10);
  return { streaming: mode === "response", highWaterMark: Number.isNaN(mark) ? undefined : mark };
}

async function imported(root, directory, name, require, load) {
  try {
    return await found(root, directory, name, require, load);
  } catch (error) {
    if (error?.code?.endsWith("MODULE_NOT_FOUND")) hint(error.message);
    if (error instanceof SyntaxError) throw new UserCodeSyntaxError(error);
    if (error?.code === "MODULE_NOT_FOUND") throw new ImportModuleError(error);
    throw error;
  }
}

/** Tries the file names that AWS tries, in its order, then what Node.js itself would find. */
async function found(root, directory, name, require, load) {
  const file = path.resolve(root, directory, name);
  const typescript = Number(process.versions.node.split(".")[0]) >= 24;
  const module = isModule(path.dirname(file));
  const ways = [
    ["", true], [".js", !module], [".mjs", false], [".cjs", true],
    ...(typescript ? [[".ts", !module], [".mts", false], [".cts", true]] : []),
  ];
  for (const [extension, common] of ways) {
    if (!fs.existsSync(file + extension)) continue;
    const loaded = common ? require(file + extension) : await load(file + extension);
    if (loaded) return loaded;
  }
  return require(require.resolve(name, { paths: [root, directory] }));
}

/** Whether .js files of a directory are ES modules: the nearest package.json says so. */
function isModule(directory) {
  if (directory.endsWith("/node_modules")) return false;
  const file = path.join(directory, "package.json");
  if (fs.existsSync(file)) {
    try {
      return JSON.parse(fs.readFileSync(file, "utf8"))?.type === "module";
    } catch (error) {
      console.warn(`${file} cannot be read, it will be ignored for ES module detection purposes.`, error);
      return false;
    }
  }
  return directory !== "/" && isModule(path.dirname(directory));
}

/** Says how to get the SDK where a function misses it and this machine has not installed it. */
function hint(message) {
  if (!/'@(aws-sdk|smithy|aws-crypto)\//.test(message) || fs.existsSync(path.join(process.env.LAMBDA_RUNTIME_DIR, "node_modules"))) return;
  console.error("Atoll: the AWS SDK for JavaScript is not installed on this machine: run `atoll runtimes install nodejs`.");
}

module.exports = { findHandler };
