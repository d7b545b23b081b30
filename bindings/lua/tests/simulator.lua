-- SPDX-License-Identifier: Apache-2.0 OR MIT

-- The simulator that the tests talk to, which `run` has started: how to reach it, what it does wrong, and what it has received.

local json = require "dkjson"
local polyai = require "polyai_chat"

local simulator = { url = assert(os.getenv "SIMULATOR_URL", "SIMULATOR_URL should be the URL of a simulator") }

local function curl(method, path, body)
    local file
    local command = ("curl -sS --max-time 60 -X %s '%s/_simulator/%s'"):format(method, simulator.url, path)
    if body then
        file = os.tmpname()
        local written = assert(io.open(file, "w"))
        written:write(body)
        written:close()
        command = command .. " --data-binary @" .. file
    end
    local output = assert(io.popen(command))
    local answer = output:read "*a"
    output:close()
    if file then
        os.remove(file)
    end
    return answer
end

-- Takes back all faults, and forgets what was received.
function simulator.reset()
    curl("DELETE", "faults")
    curl("DELETE", "received")
end

-- Sets a fault, or a list of them, in JSON.
function simulator.fault(text)
    local answer = curl("POST", "faults", text)
    assert(answer:find "^%s*[%[{]" and not answer:find "^{\"error", answer)
end

-- The requests of an operation, each with the `content` of its body.
function simulator.received(operation)
    local found = {}
    for _, request in ipairs(json.decode(curl("GET", "received"), 1, polyai.null)) do
        if request.operation == operation then
            request.content = json.decode(request.body, 1, polyai.null)
            found[#found + 1] = request
        end
    end
    return found
end

-- The options of a client that reaches it, and others beside them.
function simulator.options(others)
    local options = {
        base_url = simulator.url,
        api_key = "simulator-key",
        token = "simulator-token",
        account_id = "simulator-account",
        project_id = "simulator-project",
        timeout_ms = 30000,
    }
    for name, value in pairs(others or {}) do
        options[name] = value
    end
    return options
end

function simulator.client(others)
    return assert(polyai.client(simulator.options(others)))
end

return simulator
