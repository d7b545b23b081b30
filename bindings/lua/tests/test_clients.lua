-- SPDX-License-Identifier: Apache-2.0 OR MIT

-- Clients that are shared, and how clients end.

local polyai = require "polyai_chat"
local simulator = require "simulator"

local tests = {}

local PATIENCE = 20000 -- ms

-- The client of the process for these tests; those of other tests have other options.
local function shared(others)
    others.user_agent = "shared-by-tests/1"
    return assert(polyai.shared_client(simulator.options(others)))
end

tests["a shared client is one client with one connection"] = function()
    local one, two = shared {}, shared {}
    assert(one ~= two)
    assert(one:create())
    one:free() -- lets go of this handle: the client goes on
    assert(two:create())
    two:free()
    local three = shared {}
    assert(three:create())
    local requests = simulator.received "create"
    assert(#requests == 3 and requests[1].connection == requests[2].connection and requests[2].connection == requests[3].connection)
    -- Other options are another client.
    local other = shared { timeout_ms = 29999 }
    assert(other:create())
    requests = simulator.received "create"
    assert(requests[4].connection ~= requests[1].connection)
    -- One that is shut down is not given any more.
    local four = shared {}
    three:shut_down()
    local nothing, error = four:create()
    assert(nothing == nil and error.kind == "cancelled")
    local five = shared {}
    assert(five:create())
    other:shut_down()
    five:shut_down()
end

tests["a shared client calls nobody back"] = function()
    for _, name in ipairs { "on_log", "on_attempt" } do
        local nothing, error = polyai.shared_client(simulator.options { [name] = print })
        assert(nothing == nil and error.kind == "invalid_argument" and error.message:find("recent_log_lines", 1, true), error.message)
    end
    local is_fine, message = pcall(polyai.shared_client, "options")
    assert(not is_fine and message:find("polyai.shared_client: options should be a table, not a string", 1, true), message)
end

tests["shutting down waits for what is under way"] = function()
    simulator.fault '{"when": {"operation": "respond"}, "action": {"delay": {"before": "headers", "ms": 20000}}}'
    local client = simulator.client()
    local turns = {}
    for number = 1, 3 do
        turns[number] = assert(assert(client:create()):start_respond "hello")
    end
    assert(client:shut_down_and_wait(PATIENCE) == true)
    for _, turn in ipairs(turns) do
        assert(turn:is_done())
        local nothing, error = turn:take()
        assert(nothing == nil and error.kind == "cancelled")
    end
    assert(client:shut_down_and_wait(0) == true, "nothing is left")
    local nothing, error = client:create()
    assert(nothing == nil and error.kind == "cancelled" and error.delivery == "not_sent")
end

return tests
