-- SPDX-License-Identifier: Apache-2.0 OR MIT

-- A conversation in a state of its own, for test_processes.lua.

local number = ...
local simulator = require "simulator"

local lines = 0
local client = simulator.client {
    on_log = function()
        lines = lines + 1
    end,
}
local conversation = assert(client:create())
for turn = 1, 10 do
    local said = ("worker %d, turn %d"):format(number, turn)
    assert(conversation:respond(said).response == "You said: " .. said)
end
return ("worker %d: 10 turns, %d lines"):format(number, lines)
