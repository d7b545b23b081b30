-- SPDX-License-Identifier: Apache-2.0 OR MIT

-- Functions of Lua that are called inside a call that blocks.

local json = require "dkjson"
local polyai = require "polyai_chat"
local simulator = require "simulator"

local tests = {}

tests["lines and attempts of calls that block"] = function()
    simulator.fault '{"when": {"operation": "respond", "nth": 1}, "action": {"answer": {"status": 429}}}'
    local lines, attempts = {}, {}
    local client = simulator.client {
        on_log = function(level, line)
            lines[#lines + 1] = level .. ": " .. line
        end,
        on_attempt = function(attempt_json)
            attempts[#attempts + 1] = json.decode(attempt_json)
        end,
    }
    local conversation = assert(client:create())
    assert(conversation:respond "the words of a customer")
    assert(#lines == 3 and lines[1]:find "^debug: create" and lines[2]:find "^info: respond", lines[2])
    assert(not table.concat(lines):find "the words")
    assert(#attempts == 3 and attempts[2].status == 429 and attempts[3].number == 2)
    assert(attempts[3].correlation_id == attempts[2].correlation_id)
end

tests["conversations have the listeners of their client"] = function()
    local count = 0
    local client = simulator.client {
        on_attempt = function()
            count = count + 1
        end,
    }
    local id = assert(client:create()).id
    local attached = assert(client:attach(id))
    local started = assert(assert(client:start_create()):take())
    client:free()
    assert(count == 1)
    assert(attached:respond "one" and started:respond "two" and attached:close() and started:close_if_open())
    assert(count == 5)
end

tests["started calls are told to nobody"] = function()
    local count = 0
    local client = simulator.client {
        on_log = function()
            count = count + 1
        end,
    }
    local turns = {}
    for number = 1, 10 do
        turns[number] = assert(client:start_create())
    end
    -- Another call blocks meanwhile on this thread: its own line is the only one.
    assert(client:create())
    for _, turn in ipairs(turns) do
        assert(turn:take())
    end
    assert(count == 1, count)
    assert(#json.decode(client:recent_attempts_json()) == 11)
end

tests["lines and attempts are asked for instead"] = function()
    local client = simulator.client()
    assert(client:recent_log_lines_json() == "[]" and client:recent_attempts_json() == "[]")
    local conversation = assert(assert(client:start_create()):take())
    assert(conversation:respond "the words of a customer")
    local lines = json.decode(client:recent_log_lines_json())
    local attempts = json.decode(client:recent_attempts_json(0))
    assert(#lines == 2 and lines[1].text:find "^create" and lines[2].text:find "^respond" and lines[2].level == "debug")
    assert(attempts[1].serial == lines[1].serial and attempts[2].serial == lines[2].serial and lines[1].serial < lines[2].serial)
    assert(#json.decode(client:recent_log_lines_json(lines[1].serial)) == 1)
    assert(client:recent_log_lines_json(lines[2].serial) == "[]" and client:recent_attempts_json(lines[2].serial) == "[]")
    assert(conversation:close())
    local newer = json.decode(client:recent_log_lines_json(lines[2].serial))
    assert(#newer == 1 and newer[1].text:find "^close" and json.decode(client:recent_attempts_json(lines[2].serial))[1].operation == "close")
end

tests["what a listener raises is dropped"] = function()
    local client = simulator.client {
        on_log = function()
            error "dropped"
        end,
        on_attempt = function()
            return #polyai.no_such_field
        end,
    }
    assert(assert(client:create()):respond "hello")
end

tests["a listener may call the library itself"] = function()
    local inner = {}
    local client = simulator.client {}
    local outer
    outer = simulator.client {
        on_attempt = function()
            if #inner < 2 then
                inner[#inner + 1] = assert(client:create()).greeting
                inner[#inner + 1] = assert(outer:create()).greeting -- whose listener is this one
            end
        end,
    }
    assert(outer:create { integration_attributes = { customer_name = "Sam" } }.greeting == "Hello Sam.")
    assert(#inner >= 2 and inner[1] == "Hello there.")
end

tests["a listener may free what is in use"] = function()
    local client, conversation
    client = simulator.client {
        on_log = function()
            collectgarbage()
            if conversation then
                conversation:free()
                client:free()
            end
        end,
    }
    conversation = assert(client:create())
    assert(conversation:respond("hello").response == "You said: hello")
    assert(polyai.live_handles() == 0)
end

tests["a coroutine may call"] = function()
    local count = 0
    local client = simulator.client {
        on_log = function()
            count = count + 1
        end,
    }
    local greetings = {}
    for number = 1, 3 do
        local thread = coroutine.wrap(function()
            local conversation = assert(client:create {
                cancel_when = function()
                    return false
                end,
            })
            coroutine.yield()
            greetings[number] = conversation:respond("hello").response
        end)
        thread()
        thread()
    end
    assert(#greetings == 3 and count == 6)
end

return tests
