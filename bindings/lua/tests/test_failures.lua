-- SPDX-License-Identifier: Apache-2.0 OR MIT

-- What the service, the network and deadlines make fail: nil and an error.

local json = require "dkjson"
local polyai = require "polyai_chat"
local simulator = require "simulator"

local tests = {}

local function failed(nothing, error)
    assert(nothing == nil, "it should have failed")
    assert(type(error) == "table" and tostring(error) == error.text and not error.text:find "simulator%-key")
    return error
end

tests["a refused key"] = function()
    local error = failed(simulator.client({ api_key = "wrong" }):create())
    assert(error.kind == "authentication" and error.number == 4 and error.status == 401)
    assert(error.delivery == "rejected" and error.may_resend == true and error.phase == "reply", error.phase)
    assert(error.correlation_id and error.attempt_count == 1 and #json.decode(error.attempts_json) == 1)
    assert(error:header "content-type" == "application/json" and #error.headers > 1)
    assert(error.retry_after_ms == nil and error.raised == nil)
end

tests["what the library refuses is an error too"] = function()
    local client = simulator.client()
    assert(failed(client:create { user_id = "u" }).kind == "unsupported")
    assert(failed(client:create { timeout_ms = 0 }).kind == "invalid_argument")
    assert(failed(client:create { timeout_ms = 86400001 }).kind == "invalid_argument")
    assert(failed(client:create { integration_attributes = "no JSON" }).kind == "invalid_argument")
    assert(failed(client:create { integration_attributes = { 1, 2 } }).kind == "invalid_argument")
    assert(failed(client:attach "").kind == "invalid_argument")
    assert(failed(client:warm_up(0)).kind == "invalid_argument")
    assert(failed(assert(client:start_respond("", "hello")):take()).kind == "invalid_argument")
    assert(failed(assert(client:create()):respond "not \255 UTF-8").kind == "invalid_argument")
    assert(failed(polyai.client(simulator.options { timeout_ms = "soon" })).kind == "configuration")
    assert(failed(polyai.client(simulator.options { user_agent = "\255" })).message:find "UTF%-8")
end

tests["an error can be raised, joined and printed"] = function()
    local client = simulator.client { api_key = "wrong" }
    local _, raised = client:create()
    local is_fine, message = pcall(error, raised)
    assert(not is_fine and message == raised)
    is_fine, message = pcall(function()
        local made = polyai.assert(client:create())
        return made
    end)
    assert(not is_fine and message:find "^[^:]*test_failures.lua:%d+: authentication: ", message)
    assert(select("#", polyai.assert(1, nil, 3)) == 3 and select(3, polyai.assert(1, nil, 3)) == 3)
    is_fine, message = pcall(polyai.assert, nil, "a string")
    assert(not is_fine and message == "a string")
    assert(not pcall(polyai.assert) and not pcall(polyai.assert, false))
    assert("failed: " .. raised == "failed: " .. raised.text and raised .. "!" == raised.text .. "!")
    assert(not pcall(function()
        return raised .. {}
    end))
    local has_field
    has_field, message = pcall(function()
        return raised.http_status
    end)
    assert(not has_field and message:find("an error has no field 'http_status'; it has: kind, number", 1, true), message)
end

return tests
