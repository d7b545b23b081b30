rockspec_format = "3.0"
package = "polyai-chat"
version = "0.1.0-1"
source = {
    url = ".", -- `luarocks make` in the directory of this file builds the files beside it
}
description = {
    summary = "Hold a conversation with a PolyAI agent over the Chat API",
    detailed = "One C module over libpolyai_chat, for Lua 5.1 to 5.4 and LuaJIT.",
    license = "Apache-2.0 OR MIT",
}
supported_platforms = { "linux" }
dependencies = {
    "lua >= 5.1, < 5.5",
}
external_dependencies = {
    POLYAI_CHAT = { -- POLYAI_CHAT_DIR, _INCDIR and _LIBDIR lead to one that is not in a usual place
        header = "polyai_chat.h",
        library = "polyai_chat",
    },
}
build = {
    type = "builtin",
    modules = {
        polyai_chat = {
            sources = {
                "polyai_chat.c",
                "answer.c",
                "call.c",
                "cancel.c",
                "client.c",
                "completions.c",
                "conversation.c",
                "json.c",
                "object.c",
                "request.c",
                "turn.c",
            },
            libraries = { "polyai_chat" },
            incdirs = { "$(POLYAI_CHAT_INCDIR)" },
            libdirs = { "$(POLYAI_CHAT_LIBDIR)" },
        },
    },
}
