-- SPDX-License-Identifier: Apache-2.0 OR MIT

-- A state that leaves calls under way, with listeners that nobody has any more, for test_processes.lua.

local number = ...
local simulator = require "simulator"

local function listen() end
local client = simulator.client { on_log = listen, on_attempt = listen }
local conversation = assert(client:create { channel = "sms" })
assert(conversation:start_respond "slow")
assert(client:start_create())
return "left " .. number
