-- SPDX-License-Identifier: Apache-2.0 OR MIT

-- States that leave calls under way and are closed, in a process where nothing else has loaded the module; for test_processes.lua. Prints what
-- they gave when the library has no thread any more.

local host = require "host"

for _ = 1, 5 do
    io.write(table.concat(host.states(4, "abandoned.lua"), ", "), "\n")
end
assert(not package.loaded.polyai_chat)
local give_up = host.milliseconds() + 60000
repeat
    local tasks = assert(io.popen "ls /proc/$PPID/task | wc -l")
    local count = tonumber(tasks:read "*a")
    tasks:close()
until count == 1 or host.milliseconds() > give_up
print "still here"
