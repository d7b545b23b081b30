/* SPDX-License-Identifier: Apache-2.0 OR MIT */

/*
 * libpolyai_chat for C++17 and newer, over polyai_chat.h. Include this header; its parts are in polyai_chat/. Link with -lpolyai_chat.
 *
 * START
 *
 *     polyai::Client client(polyai::Config().load_environment());
 *     polyai::Conversation conversation = client.create();
 *     polyai::CloseOnExit closing = conversation.close_on_exit();
 *     polyai::Reply reply = conversation.respond("Where is my order?");
 *     std::cout << reply.response() << '\n';
 *
 * ERRORS
 *
 * There are two ways, and one rule for their names. `respond` throws polyai::Error; `try_respond` never throws, and returns
 * polyai::Result<Reply>, which holds a Reply or an Error. So it is with every function that can fail; the constructor of
 * Client has Client::try_make beside it. With -fno-exceptions only the try_ names are there. They are noexcept, but for those that
 * give a std::string, which may throw std::bad_alloc.
 *
 * OWNERSHIP
 *
 * Objects own their handle, and are moved but not copied. One that was moved from may be destroyed and assigned to; other calls on it
 * fail with Status::invalid_argument, and what cannot fail gives nothing, 0 or false. `raw()` lends the handle to functions of
 * polyai_chat.h, `release()` gives it away, `adopt()` takes one over.
 *
 * A std::string_view that comes out belongs to the object that it was asked of, and lasts as long. Asking a temporary object for one does
 * not compile. Texts that go in are UTF-8, may hold a NUL, and are copied.
 *
 * THREADS
 *
 * Client and Conversation may be used by any number of threads at the same time, Config and Request by one at a time. Moving, assigning
 * and destroying an object is for one thread, when no other uses that object.
 */

#ifndef POLYAI_CHAT_HPP
#define POLYAI_CHAT_HPP

#if __cplusplus < 201703L && (!defined(_MSVC_LANG) || _MSVC_LANG < 201703L)
#error "polyai_chat.hpp needs C++17 or newer"
#endif

#include "polyai_chat/calling.hpp"
#include "polyai_chat/client.hpp"
#include "polyai_chat/config.hpp"
#include "polyai_chat/conversation.hpp"
#include "polyai_chat/enums.hpp"
#include "polyai_chat/error.hpp"
#include "polyai_chat/handle.hpp"
#include "polyai_chat/headers.hpp"
#include "polyai_chat/library.hpp"
#include "polyai_chat/reply.hpp"
#include "polyai_chat/request.hpp"
#include "polyai_chat/result.hpp"
#include "polyai_chat/turn.hpp"

/** Holds conversations with a PolyAI agent. Since: 0.1.0. */
namespace polyai {}

#undef POLYAI_CPP_MODE
#undef POLYAI_CPP_EXCEPTIONS

#endif /* POLYAI_CHAT_HPP */
