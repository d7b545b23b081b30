-- SPDX-License-Identifier: Apache-2.0 OR MIT

-- The JSON of Lua values.

local json = require "dkjson"
local polyai = require "polyai_chat"

local tests = {}

local function refused(words, value)
    local is_fine, message = pcall(polyai.encode_json, value)
    assert(not is_fine and message:find(words, 1, true), ("%s\nshould say: %s"):format(tostring(message), words))
end

tests["values"] = function()
    for text, value in pairs {
        ["true"] = true,
        ["false"] = false,
        ["null"] = polyai.null,
        ["[]"] = polyai.empty_array,
        ["{}"] = {},
        ['"a"'] = "a",
        ["1"] = 1,
        ["-3"] = -3,
        ["0.1"] = 0.1,
        ["9007199254740991"] = 9007199254740991,
        ["[1,[2,{}],null]"] = { 1, { 2, {} }, polyai.null },
        ['{"a":{"b":[false]}}'] = { a = { b = { false } } },
    } do
        assert(polyai.encode_json(value) == text, polyai.encode_json(value))
    end
end

tests["numbers come back as they went"] = function()
    for _, number in ipairs { 1e300, -2.5e-8, 1 / 3, 2 ^ 53 + 2, 123456789012345680000, 0.1 + 0.2, 5e-324 } do
        assert(tonumber(polyai.encode_json(number)) == number, polyai.encode_json(number))
    end
    if math.maxinteger then
        assert(polyai.encode_json(math.maxinteger) == "9223372036854775807")
        assert(polyai.encode_json(math.mininteger) == "-9223372036854775808")
    end
    refused("value is not a number (NaN)", 0 / 0)
    refused("value is infinite", 1 / 0)
    refused("value.a[2] is infinite", { a = { 1, -1 / 0 } })
end

tests["numbers do not depend on the locale"] = function()
    local before = os.setlocale(nil, "numeric")
    for _, locale in ipairs { "de_DE.UTF-8", "fr_FR.UTF-8", "de_DE.utf8" } do
        if os.setlocale(locale, "numeric") then
            local text = polyai.encode_json { 2.5 }
            os.setlocale(before, "numeric")
            assert(text == "[2.5]", text)
        end
    end
end

tests["texts"] = function()
    assert(polyai.encode_json 'a"b\\c\0\n\127' == '"a\\u0022b\\u005cc\\u0000\\u000a\127"')
    local text = "\240\159\152\128 \217\133 e\204\129 \0\1\31"
    assert(json.decode(polyai.encode_json(text)) == text)
    for _, wrong in ipairs { "\255", "\192\128", "\237\160\128", "\240\143\191\191", "\244\144\128\128", "a\226\130", "\128", "\224\159\191" } do
        refused("value.text is not UTF-8", { text = wrong })
        refused("is not UTF-8", { [wrong] = 1 })
    end
end

tests["tables that JSON cannot say"] = function()
    local around = { inner = { list = {} } }
    around.inner.list[1] = around.inner
    refused("value.inner.list[1] is a table that contains itself", around)
    refused("value has names as well as elements at 1, 2, ...", { 1, a = 2 })
    refused("value.a is a list with holes; right would be polyai.null", { a = { 1, nil, 3 } })
    refused("value has a key that is neither a string nor 1, 2, ...", { [true] = 1 })
    refused("value has a key that is neither a string nor 1, 2, ...", { [1.5] = 1 })
    refused("value has a key that is neither a string nor 1, 2, ...", { [0] = 1 })
    refused("value.f is a function, which JSON does not have; right would be a string", { f = print })
    refused("value[2] is a userdata", { 1, io.stdout })
    refused("value is nil", nil)
    local deep = {}
    for _ = 1, 100 do
        deep = { deep }
    end
    refused("[1][1] is nested more than 64 tables deep", deep)
    local twice = { 1 }
    assert(polyai.encode_json { twice, twice } == "[[1],[1]]", "twice is not within itself")
end

tests["what dkjson has read is written as it was"] = function()
    for _, text in ipairs { '{"a":[]}', '{"a":{}}', "[[],{}]", "[1,null]" } do
        assert(polyai.encode_json(json.decode(text, 1, polyai.null)) == text, text)
    end
end

tests["a large table"] = function()
    local large = {}
    for number = 1, 50000 do
        large[number] = { name = "element", number = number }
    end
    local decoded = json.decode(polyai.encode_json(large))
    assert(#decoded == 50000 and decoded[50000].number == 50000)
end

return tests
