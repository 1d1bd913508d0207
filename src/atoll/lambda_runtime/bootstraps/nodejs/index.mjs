// The Node.js runtime's entry, where AWS's own has it: /var/runtime/index.mjs [API GO]. Both are given where the process was started
// before it was known for whom: API is the descriptor of its connection to the Runtime API, and GO that of the pipe on which it hears of
// its function, nothing of which is touched before. Else the Runtime API is where AWS_LAMBDA_RUNTIME_API says.
import { createRequire } from "node:module";

const require = createRequire(import.meta.url);
const { main } = require("./_atoll/main.cjs");

await main(require, (path) => import(path));
