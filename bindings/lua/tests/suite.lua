-- SPDX-License-Identifier: Apache-2.0 OR MIT

-- suite.lua FILE...: runs the tests of files, each of which gives a table of functions by what holds. Whatever a test has made must be freed when
-- it is over and its garbage is collected. Exit status 1: a test has failed.

local polyai = require "polyai_chat"
local simulator = require "simulator"

-- What is left in use when all garbage is collected. An object may be collected in one turn and freed in the next.
local function left_over()
    local left = polyai.live_handles()
    for _ = 1, 10 do
        if left == 0 then
            return 0
        end
        collectgarbage()
        left = polyai.live_handles()
    end
    return left
end

local function run(test)
    simulator.reset()
    local has_passed, message = xpcall(test, function(raised)
        return debug.traceback(tostring(raised), 2)
    end)
    local left = left_over()
    if has_passed and left > 0 then
        return false, ("%d handles were not freed"):format(left)
    end
    return has_passed, message
end

local passed, failed = 0, 0
for _, file in ipairs(arg) do
    local tests = assert(loadfile(file))()
    local names = {}
    for name in pairs(tests) do
        names[#names + 1] = name
    end
    table.sort(names)
    for _, name in ipairs(names) do
        local has_passed, message = run(tests[name])
        if has_passed then
            passed = passed + 1
        else
            failed = failed + 1
            print(("%s: %s: FAILED\n%s"):format(file:match "[^/]+$", name, message))
        end
    end
end
collectgarbage()
print(("%s: %d passed, %d failed"):format(os.getenv "LUA_NAME" or _VERSION, passed, failed))
os.exit(failed == 0 and 0 or 1)
