// Resolution of ES modules by NODE_PATH, which Node.js heeds for CommonJS only, and AWS's for both. A loader's hook.
import path from "node:path";
import { pathToFileURL } from "node:url";

let parents = [];

export function initialize(searchPath) {
  const directories = searchPath.split(":").filter((directory) => path.basename(directory) === "node_modules");
  parents = directories.map((directory) => pathToFileURL(path.join(path.dirname(directory), "index.js")).href);
}

export async function resolve(specifier, context, next) {
  try {
    return await next(specifier, context);
  } catch (error) {
    if (error.code !== "ERR_MODULE_NOT_FOUND" || /^(\.|\/|[a-z]+:)/.test(specifier)) throw error;
    for (const parentURL of parents) {
      try {
        return await next(specifier, { ...context, parentURL });
      } catch {
        // the next directory may have it
      }
    }
    throw error;
  }
}
