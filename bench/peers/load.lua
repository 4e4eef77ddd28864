-- Sends the requests of a file again and again: each of its lines is a method, a path, a token and a body, between tabs. Where
-- a request has eight at-signs, it is sent with a number of its own. What came of it is written as JSON.
--
-- Nothing here is a long string, for Lua makes LF of each CRLF in those, and Node refuses that.

local blank = "@@@@@@@@"
local requests, sent, numbered = {}, 0, false

function init(args)
  sent = tonumber(args[2])
  for line in io.lines(args[1]) do
    local method, path, token, body = line:match("^(%S+)\t(%S+)\t(%S*)\t(.*)$")
    local headers = { ["Content-Type"] = "application/json" }
    if token ~= "" then headers["Authorization"] = "Bearer " .. token end
    requests[#requests + 1] = wrk.format(method, path, headers, body ~= "" and body or nil)
    numbered = numbered or body:find(blank, 1, true)
  end
end

function request()
  sent = sent + 1
  local text = requests[sent % #requests + 1]
  if numbered then text = text:gsub(blank, ("%08d"):format(sent), 1) end
  return text
end

function done(summary, latency)
  local e = summary.errors
  io.write(("\n{\"requests\":%d,\"microseconds\":%d,\"bytes\":%d,\"failed\":%d,\"p50\":%d,\"p99\":%d}\n"):format(
    summary.requests, summary.duration, summary.bytes, e.connect + e.read + e.write + e.status + e.timeout,
    latency:percentile(50), latency:percentile(99)))
end
