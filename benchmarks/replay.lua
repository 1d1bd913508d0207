-- wrk: replays prepared requests from a file, each as "<bytes>\n<raw request>", and prints what it saw as one line of JSON.
-- Statuses of 400 and above count as failures (wrk's own count: looking at each response here would slow the client down).

local requests, at = {}, 0

function init(args)
  local file = assert(io.open(args[1], "rb"))
  local data = file:read("*a")
  file:close()
  local position = 1
  while position <= #data do
    local line = data:find("\n", position, true)
    local size = tonumber(data:sub(position, line - 1))
    requests[#requests + 1] = data:sub(line + 1, line + size)
    position = line + size + 1
  end
end

function request()
  at = at % #requests + 1
  return requests[at]
end

function done(summary, latency, _)
  local errors = summary.errors
  io.write(string.format(
    '{"requests": %d, "seconds": %f, "p50": %f, "p99": %f, "failures": %d}\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    errors.status + errors.connect + errors.read + errors.write + errors.timeout))
end
