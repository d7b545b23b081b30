-- SPDX-License-Identifier: Apache-2.0 OR MIT

-- What hosts do: fork, states on threads, memory that runs out.

local host = require "host"
local polyai = require "polyai_chat"
local simulator = require "simulator"

local tests = {}

tests["a client that was made before a fork is used after it"] = function()
    local client = simulator.client()
    local conversation = assert(client:create()) -- with a connection that the children inherit
    for number = 1, 3 do
        local result, status = host.fork(function()
            local own = assert(client:create())
            local here = assert(own:respond("child " .. number)).response
            return here .. ", " .. assert(conversation:respond("inherited " .. number)).response
        end)
        assert(status == 0 and result == ("You said: child %d, You said: inherited %d"):format(number, number), result)
    end
    assert(conversation:respond("parent").response == "You said: parent")
    assert(#simulator.received "create" == 4 and #simulator.received "respond" == 7)
end

tests["a call that was under way during a fork is cancelled in the child, and goes on in the parent"] = function()
    local client = simulator.client()
    local conversation = assert(client:create())
    local turn = assert(conversation:start_respond "slow")
    local result = host.fork(function()
        local nothing, error = turn:take()
        assert(nothing == nil)
        return error.kind .. " " .. error.delivery
    end)
    assert(result == "cancelled unknown", result)
    assert(turn:take().response == "That took a while.")
    assert(#simulator.received "respond" == 1)
end

tests["a child collects what it has inherited"] = function()
    local client = simulator.client()
    local conversation = assert(client:create())
    local turn = assert(conversation:start_respond "slow")
    local result = host.fork(function()
        turn:free()
        conversation:free()
        client:free()
        return tostring(polyai.live_handles())
    end)
    assert(result == "0", result)
    assert(turn:take())
end

tests["states on threads do not meet"] = function()
    local results = host.states(8, "worker.lua")
    for number, result in ipairs(results) do
        assert(result == ("worker %d: 10 turns, 11 lines"):format(number), result)
    end
    assert(polyai.live_handles() == 0, "every state frees what it has")
end

tests["a state that is closed while its calls run"] = function()
    for number, result in ipairs(host.states(4, "abandoned.lua")) do
        assert(result == "left " .. number, result)
    end
    assert(polyai.live_handles() == 0)
end

-- The library tells on_log how a call has ended, on a thread of its own: then the module must be there.
tests["the module stays loaded when no state has it any more"] = function()
    local output = assert(io.popen(arg[-1] .. " unloaded.lua"))
    local text = output:read "*a"
    output:close()
    assert(text == ("left 1, left 2, left 3, left 4\n"):rep(5) .. "still here\n", text)
end

-- Each allocation of a conversation fails once: an error of Lua comes out, and nothing is left behind.
tests["memory that runs out"] = function()
    local allowed, failures = 0, 0
    repeat
        local is_fine, message = host.starve(allowed, "starved.lua")
        if is_fine == nil then -- this Lua takes no allocator
            return
        end
        assert(is_fine or message == "not enough memory", message)
        assert(polyai.live_handles() == 0, ("handles are left after %d allocations"):format(allowed))
        failures = failures + (is_fine and 0 or 1)
        allowed = allowed + 1
    until is_fine
    assert(failures > 50, failures)
end

return tests
