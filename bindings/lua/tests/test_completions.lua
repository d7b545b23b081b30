-- SPDX-License-Identifier: Apache-2.0 OR MIT

-- Many started calls behind one descriptor.

local host = require "host"
local polyai = require "polyai_chat"
local simulator = require "simulator"

local tests = {}

local SLOW = '{"when": {"operation": "respond", "nth": 1}, "action": {"delay": {"before": "headers", "ms": 20000}}}'
local PATIENCE = 20000 -- ms

tests["the call that is done first is named first"] = function()
    simulator.fault(SLOW)
    local client = simulator.client()
    local id = assert(client:create()).id
    local completions = assert(polyai.completions())
    local descriptor = assert(completions:descriptor())
    local slow = assert(client:start_respond(id, "one"))
    assert(completions:expect(slow, "slow") == true)
    while #simulator.received "respond" == 0 do
        assert(completions:wait(1) == false, "the first request is the slow one")
    end
    assert(not host.poll({ descriptor }, 0)[descriptor] and completions:take() == nil)
    local quick = assert(client:start_respond(id, "two"))
    completions:expect(quick, quick)
    assert(host.poll({ descriptor }, PATIENCE)[descriptor] and completions:wait(0) == true)
    assert(completions:take() == quick and quick:take().response == "You said: two")
    assert(select("#", completions:take()) == 1 and completions:take() == nil and completions:wait(0) == false)
    assert(not host.poll({ descriptor }, 0)[descriptor] and completions:descriptor() == descriptor)
    -- A turn that is freed is done too, and a list that is freed stops no call.
    slow:free()
    assert(completions:wait(PATIENCE) and completions:take() == "slow")
    local last = assert(client:start_respond(id, "three"))
    completions:expect(last, "last")
    completions:free()
    assert(last:take().response == "You said: three")
end

tests["a call that is done already is there at once"] = function()
    local completions = assert(polyai.completions())
    local turn = assert(simulator.client():start_create())
    assert(turn:wait(PATIENCE))
    completions:expect(turn, 1)
    completions:expect(turn, 2)
    assert(completions:wait(0))
    assert(completions:take() == 1 and completions:take() == 2 and completions:take() == nil)
end

tests["a tag is any value, and given once"] = function()
    local client = simulator.client()
    local completions = assert(polyai.completions())
    local function of_program() end
    local tags = { { "a table" }, "a name", 1.5, of_program, true, "a name", completions, -1 }
    for _, tag in ipairs(tags) do
        local turn = assert(client:start_create())
        assert(turn:wait(PATIENCE)) -- so that the order is known
        completions:expect(turn, tag)
        collectgarbage()
    end
    local at = 0
    for tag in completions.take, completions do
        at = at + 1
        assert(tag == tags[at], at)
    end
    assert(at == #tags, at)
    local turn = assert(client:start_create())
    completions:expect(turn, false)
    assert(completions:wait(PATIENCE) and completions:take() == false and completions:take() == nil)
end

tests["a list keeps the turns that are its tags, until they are taken"] = function()
    local client = simulator.client()
    local completions = assert(polyai.completions())
    for _ = 1, 20 do
        local turn = assert(client:start_create())
        completions:expect(turn, turn)
    end
    collectgarbage()
    for _ = 1, 20 do
        assert(completions:wait(PATIENCE))
        assert(completions:take():take().greeting == "Hello there.")
    end
end

tests["a child has an empty list"] = function()
    local client = simulator.client()
    local completions = assert(polyai.completions())
    local turn = assert(client:start_create())
    completions:expect(turn, "parent")
    assert(completions:wait(PATIENCE))
    local result = host.fork(function()
        assert(completions:wait(0) == false and completions:take() == nil)
        local own = assert(client:start_create())
        completions:expect(own, "child")
        local descriptor = assert(completions:descriptor())
        assert(host.poll({ descriptor }, PATIENCE)[descriptor])
        return completions:take()
    end)
    assert(result == "child", result)
    assert(completions:take() == "parent")
end

return tests
