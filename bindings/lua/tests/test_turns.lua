-- SPDX-License-Identifier: Apache-2.0 OR MIT

-- Calls that are started, and tokens that end calls.

local host = require "host"
local polyai = require "polyai_chat"
local simulator = require "simulator"

local tests = {}

local SLOW = '{"when": {"operation": "%s"}, "action": {"delay": {"before": "headers", "ms": 20000}}}'

tests["a turn is taken once"] = function()
    local conversation = assert(simulator.client():create())
    local turn = assert(conversation:start_respond "hello")
    assert(turn:take())
    local is_fine, message = pcall(turn.take, turn)
    assert(not is_fine and message:find("turn:take: the outcome of this turn was taken already", 1, true), message)
    assert(turn:is_done() and turn:wait(5) and turn.correlation_id == nil and turn.operation == nil and tostring(turn):find "taken")
    turn:cancel()
    is_fine, message = pcall(turn.descriptor, turn)
    assert(not is_fine and message:find("its descriptor is closed", 1, true), message)
    turn:free()
    assert(not pcall(turn.free, turn))
end

tests["what is taken is freed at once"] = function()
    local conversation = assert(simulator.client():create())
    local before = polyai.live_handles()
    collectgarbage "stop"
    for _ = 1, 20 do
        assert(assert(conversation:start_respond "hello"):take())
    end
    collectgarbage "restart"
    assert(polyai.live_handles() == before)
end

tests["a descriptor becomes readable when the call is done"] = function()
    local conversation = assert(simulator.client():create())
    local turn = assert(conversation:start_respond "slow")
    local descriptor = turn:descriptor()
    assert(descriptor == turn:descriptor() and not host.poll({ descriptor }, 0)[descriptor])
    assert(host.poll({ descriptor }, 20000)[descriptor] and turn:is_done())
    assert(turn:take().response == "That took a while.")
end

tests["a started create, a started close, and both by the id alone"] = function()
    local client = simulator.client()
    local conversation = assert(assert(client:start_create { integration_attributes = { customer_name = "Sam" } }):take())
    assert(conversation.greeting == "Hello Sam." and conversation:respond("hi").response == "You said: hi")
    assert(assert(conversation:start_close()):take().was_over == false)
    local id = assert(client:create()).id
    local turns = { assert(client:start_respond(id, "slow")), assert(client:start_respond(id, "one")), assert(client:start_respond(id)) }
    assert(turns[2]:take().response == "You said: one" and not turns[1]:is_done(), "they do not wait for each other")
    assert(turns[1]:take().response == "That took a while." and turns[3]:take().response == "Are you still there?")
    assert(client:start_close_conversation(id):take().was_over == false)
end

tests["a turn that is freed is cancelled"] = function()
    simulator.fault(SLOW:format "respond")
    local client = simulator.client { max_calls_in_flight = 1 }
    local conversation = assert(client:create())
    local turn = assert(conversation:start_respond "hello")
    turn:free()
    conversation:free()
    -- The call ends although nobody waits for it: then there is room for the next one.
    local made, error
    local give_up = host.milliseconds() + 15000
    repeat
        made, error = client:create()
    until made or error.kind ~= "busy" or host.milliseconds() > give_up
    assert(made, tostring(error))
end

tests["a token ends the calls that are under way with it"] = function()
    simulator.fault(SLOW:format "respond")
    local client = simulator.client()
    local token = polyai.cancel()
    local turns = {}
    for _ = 1, 3 do
        turns[#turns + 1] = assert(assert(client:create()):start_respond("hello", { cancel = token }))
    end
    local other = assert(assert(client:create()):start_respond "hello")
    token:cancel()
    for _, turn in ipairs(turns) do
        local nothing, error = turn:take()
        assert(nothing == nil and error.kind == "cancelled")
    end
    assert(not other:is_done())
    token:cancel() -- nothing is under way with it
    assert(client:create { cancel = token })
end

tests["a token that was cancelled for good ends later calls too"] = function()
    simulator.fault(SLOW:format "respond")
    local client = simulator.client()
    local conversation = assert(client:create())
    local token = polyai.cancel()
    local turn = assert(conversation:start_respond("hello", { cancel = token }))
    token:cancel_for_good()
    local nothing, error = turn:take()
    assert(nothing == nil and error.kind == "cancelled")
    nothing, error = client:create { cancel = token }
    assert(nothing == nil and error.kind == "cancelled" and error.delivery == "not_sent")
    assert(#simulator.received "create" == 1)
end

tests["started calls say what they are, and some have no answer"] = function()
    local client = simulator.client()
    local conversation = assert(client:create())
    local turns = {
        create = assert(client:start_create()),
        respond = assert(conversation:start_respond "bye"),
        close = assert(conversation:start_close_if_open()),
        warm_up = assert(client:start_warm_up(20000)),
    }
    for operation, turn in pairs(turns) do
        assert(turn.operation == operation, turn.operation)
    end
    assert(turns.respond:take().operation == "respond" and turns.create:take():greeting_reply().operation == "create")
    assert(turns.close:take() == true and turns.warm_up:take() == true and #simulator.received "close" == 0)
    local other = assert(client:create())
    assert(assert(other:start_close_if_open()):take().operation == "close")
    -- Nobody listens at this port.
    local nothing, error = assert(simulator.client({ base_url = "http://127.0.0.1:1", max_attempts = 1 }):start_warm_up(20000)):take()
    assert(nothing == nil and error.kind == "connect")
end

tests["a token may be freed while a call has it"] = function()
    local client = simulator.client()
    local token = polyai.cancel()
    local turn = assert(client:start_create { cancel = token })
    token:free()
    assert(turn:take())
end

tests["a blocking call asks whether it should end"] = function()
    simulator.fault(SLOW:format "respond")
    local conversation = assert(simulator.client():create())
    local asked = 0
    local nothing, error = conversation:respond("hello", {
        cancel_when = function()
            asked = asked + 1
            return asked == 3
        end,
    })
    assert(nothing == nil and error.kind == "cancelled" and error.delivery == "unknown" and asked == 3, asked)
    assert(error.raised == nil)
end

tests["what cancel_when raises cancels, and is in the error"] = function()
    simulator.fault(SLOW:format "respond")
    local conversation = assert(simulator.client():create())
    local problem = {}
    local nothing, failure = conversation:respond("hello", {
        cancel_when = function()
            error(problem)
        end,
    })
    assert(nothing == nil and failure.kind == "cancelled" and failure.raised == problem)
    nothing, failure = conversation:respond("hello", {
        cancel_when = function()
            coroutine.yield()
        end,
    })
    assert(nothing == nil and failure.kind == "cancelled" and tostring(failure.raised):find "yield", tostring(failure.raised))
end

return tests
