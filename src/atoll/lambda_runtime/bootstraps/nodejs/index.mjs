// The Node.js runtime's entry, where AWS's own has it: /var/runtime/index.mjs API [GO]. API is the descriptor of the connection to the
// Runtime API. GO is given where the process was started before it was known for whom: there it says so, once, and nothing of a
// function is touched before that.
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);
const { main } = require("./_atoll/main.cjs");

await main(require, (path) => import(path));
