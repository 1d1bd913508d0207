"use strict";
// Lets functions manage WebSocket connections by the address that their events name, as AWS's samples do.
//
// That address is `https://{domainName}/{stage}`, which leads to no region of Atoll's, and a region speaks no TLS. An SDK's request for
// `@connections` goes to the region's endpoint instead; its Host header and its signature still say which API it is for.

const http = require("node:http");
const https = require("node:https");
const { syncBuiltinESMExports } = require("node:module");

const CONNECTIONS = /\/(@|%40)connections\//i;

/** To be called before the function is loaded. */
function leadHome() {
  const request = https.request;
  https.request = function (options, ...more) {
    const endpoint = process.env.AWS_ENDPOINT_URL;
    if (!endpoint || typeof options?.path !== "string" || !CONNECTIONS.test(options.path)) {
      return request.call(this, options, ...more);
    }
    const { hostname, port } = new URL(endpoint);
    const asked = options.hostname ?? options.host;
    const headers = Object.fromEntries(Object.entries(options.headers ?? {}).filter(([name]) => !/^host$/i.test(name)));
    const home = { protocol: "http:", host: hostname, hostname, port, agent: http.globalAgent, headers: { host: asked, ...headers } };
    return http.request({ ...options, ...home }, ...more);
  };
  syncBuiltinESMExports();
}

module.exports = { leadHome };
