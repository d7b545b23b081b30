-- SPDX-License-Identifier: Apache-2.0 OR MIT

-- Gives a function that holds a conversation, of which every allocation may fail, for test_processes.lua.

local polyai = require "polyai_chat"

local options = {
    base_url = os.getenv "SIMULATOR_URL",
    api_key = "simulator-key",
    token = "simulator-token",
    account_id = "simulator-account",
    project_id = "simulator-project",
    on_log = function(_, line)
        return line .. line
    end,
}

return function()
    local client = polyai.client(options)
    local conversation = client:create { integration_attributes = { customer_name = "Sam", list = { 1, 2 } }, timeout_ms = 20000 }
    local reply = conversation:respond "human"
    assert(reply.handoff.destination == "returns-desk")
    local completions = polyai.completions()
    local turn = conversation:start_respond("hello", { cancel = polyai.cancel() })
    completions:expect(turn, turn)
    assert(completions:wait(20000))
    local taken = completions:take():take()
    assert(taken.response == "You said: hello")
    conversation:close()
    local _, error = conversation:respond "hello"
    assert(error.kind == "conversation_ended")
    assert(#client:metrics_json() > 0)
end
