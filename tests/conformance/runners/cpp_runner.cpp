/* SPDX-License-Identifier: Apache-2.0 OR MIT */

/*
 * The runner of C++: does what steps say with polyai_chat.hpp, and writes the outcome of each.
 *
 * Every field is asked of its own function. When a case begins, everything of the one before is let go, and the library must
 * agree that no handle is left.
 */

#include <polyai_chat.hpp>

#include <nlohmann/json.hpp>

#include <chrono>
#include <deque>
#include <iostream>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

using nlohmann::json;

namespace {

/** A header that is looked up by its name, in whatever case. */
constexpr std::string_view looked_up = "X-POLYAI-Correlation-ID";

/* ---- What came ---------------------------------------------------------------------------------- */

json text(const std::optional<std::string_view>& text)
{
    return text ? json(*text) : json();
}

json headers_of(const polyai::Headers& headers)
{
    json shown = json::array();
    for (const polyai::Header header : headers)
        shown.push_back({ header.name, header.value });
    return shown;
}

json handoff_of(const std::optional<polyai::Handoff>& handoff)
{
    if (!handoff)
        return nullptr;
    return { { "destination", text(handoff->destination) },
             { "reason", text(handoff->reason) },
             { "raw", json::parse(handoff->json) } };
}

/** With the fields that all answers have. */
json answer_of(const char* kind, const polyai::Reply& reply, json shown)
{
    shown["raw"] = reply.raw_json();
    shown["unknown_fields"] = json::parse(reply.unknown_fields_json());
    shown["headers"] = headers_of(reply.headers());
    shown["header"] = text(reply.headers().find(looked_up));
    shown["correlation_id"] = reply.correlation_id();
    shown["elapsed_us"] = reply.elapsed().count();
    return { { kind, shown } };
}

json greeting_of(const polyai::Reply& reply)
{
    return answer_of("greeting", reply,
                     { { "response", reply.response() },
                       { "plain_text", reply.plain_text() },
                       { "conversation_id", text(reply.conversation_id()) },
                       { "user_id", text(reply.user_id()) } });
}

json reply_of(const polyai::Reply& reply)
{
    return answer_of("reply", reply,
                     { { "response", reply.response() },
                       { "plain_text", reply.plain_text() },
                       { "conversation_id", text(reply.conversation_id()) },
                       { "end_conversation", reply.end_conversation() },
                       { "handoff", handoff_of(reply.handoff()) } });
}

json closed_of(const polyai::Reply& reply)
{
    return answer_of("closed", reply, { { "was_over", reply.was_over() } });
}

json failure(const polyai::Error& error)
{
    const auto http_status = error.http_status();
    const auto retry_after = error.retry_after();
    const json attempts = json::parse(error.attempts_json());
    json answer = { { "error",
                      { { "kind", error.kind() },
                        { "number", static_cast<std::uint32_t>(error.status()) },
                        { "delivery", polyai::name(error.delivery()) },
                        { "may_resend", error.may_resend() },
                        { "phase", error.phase() },
                        { "message", error.message() },
                        { "text", error.text() },
                        { "http_status", http_status ? json(*http_status) : json() },
                        { "error_code", text(error.code()) },
                        { "service_message", text(error.service_message()) },
                        { "correlation_id", text(error.correlation_id()) },
                        { "retry_after_ms", retry_after ? json(retry_after->count()) : json() },
                        { "body_excerpt", text(error.body_excerpt()) },
                        { "cause", text(error.cause()) },
                        { "attempts", attempts },
                        { "headers", headers_of(error.headers()) },
                        { "header", text(error.headers().find(looked_up)) } } } };
    if (error.text().substr(0, error.text().find('\0')) != error.what())
        answer["wrong"] = "what() is not the text";
    else if (attempts.size() != error.attempt_count())
        answer["wrong"] = "not as many attempts as are counted";
    else if (polyai::name(error.status()) != error.kind())
        answer["wrong"] = "the status is not called as the kind";
    return answer;
}

/* ---- Requests ----------------------------------------------------------------------------------- */

std::optional<std::string_view> message_of(const json& step)
{
    if (!step.contains("message"))
        return std::nullopt;
    return step["message"].get_ref<const std::string&>();
}

std::string_view id_of(const json& step)
{
    return step["id"].get_ref<const std::string&>();
}

/** Uses a token so long after. */
std::thread cancel_later(polyai::Cancel cancel, std::chrono::milliseconds after)
{
    return std::thread([cancel = std::move(cancel), after]() mutable {
        std::this_thread::sleep_for(after);
        cancel.trigger();
    });
}

/* ---- The caller --------------------------------------------------------------------------------- */

/** What a case has made so far. The lock is for the tables, not for what is in them. */
class Caller {
public:
    explicit Caller(const json& options) : client_(config_of(options)) {}

    Caller(const Caller&) = delete;
    Caller& operator=(const Caller&) = delete;

    ~Caller()
    {
        for (std::thread& thread : threads_)
            thread.join();
    }

    json act(const json& step)
    {
        const std::string action = step["do"];
        if (action == "take")
            return take(step);
        if (action == "wait")
            return wait(step);
        if (action == "cancel") {
            std::visit([](auto& turn) { turn.cancel(); }, turn_of(step));
            return json::object();
        }
        if (action == "state")
            return state(step);
        if (action == "next_done")
            return next_done();
        if (action == "warm_up" || action == "start_warm_up")
            return warm_up(step, action == "start_warm_up");
        if (action == "shut_down") {
            client_.shut_down();
            return json::object();
        }
        if (action == "log_lines")
            return { { "log", json::parse(client_.recent_log_lines_json()) } };
        if (action == "replace_credentials") {
            const json& with = step["with"];
            client_.replace_credentials(with["api_key"].get<std::string>(), with["token"].get<std::string>());
            return json::object();
        }
        if (!step.contains("with"))
            return call(action, step, {});
        const polyai::Request request = request_of(step["with"]);
        return call(action, step, request);
    }

    void start_thread(std::thread thread)
    {
        const std::lock_guard<std::mutex> guard(lock_);
        threads_.push_back(std::move(thread));
    }

private:
    using Started = std::variant<polyai::Turn<polyai::Conversation>, polyai::Turn<polyai::Reply>,
                                 polyai::Turn<std::optional<polyai::Reply>>, polyai::Turn<void>>;

    static polyai::Config config_of(const json& options)
    {
        polyai::Config config;
        for (const auto& [name, value] : options.items())
            config.set(name, value.get_ref<const std::string&>());
        return config;
    }

    polyai::Request request_of(const json& with)
    {
        polyai::Request request;
        for (const auto& [name, value] : with.items()) {
            if (name == "timeout_ms") {
                request.set_timeout(std::chrono::milliseconds(value.get<std::int64_t>()));
            } else if (name == "cancel_after_ms") {
                polyai::Cancel cancel;
                request.set_cancel(cancel);
                start_thread(cancel_later(std::move(cancel), std::chrono::milliseconds(value.get<std::int64_t>())));
            } else if (name == "cancelled_before") {
                polyai::Cancel cancel;
                cancel.trigger_for_good();
                request.set_cancel(cancel);
            } else if (name == "headers") {
                for (const auto& [header, its_value] : value.items())
                    request.set_header(header, its_value.get_ref<const std::string&>());
            } else {
                request.set(name, value.is_string() ? value.get<std::string>() : value.dump());
            }
        }
        return request;
    }

    /** A step that sends something, or starts to. */
    json call(const std::string& action, const json& step, polyai::RequestArgument request)
    {
        if (action == "create")
            return keep(step, client_.create(request));
        if (action == "attach")
            return keep(step, client_.attach(id_of(step)));
        if (action == "respond")
            return reply_of(conversation_of(step).respond(message_of(step), request));
        if (action == "respond_by_id")
            return reply_of(client_.respond(id_of(step), message_of(step), request));
        if (action == "close")
            return closed_of(conversation_of(step).close(request));
        if (action == "close_by_id")
            return closed_of(client_.close_conversation(id_of(step), request));
        if (action == "close_if_open")
            return close_if_open(conversation_of(step));
        if (action == "start_create")
            return keep_turn(step, client_.start_create(request), "greeting");
        if (action == "start_respond")
            return keep_turn(step, conversation_of(step).start_respond(message_of(step), request), "reply");
        if (action == "start_close")
            return keep_turn(step, conversation_of(step).start_close(request), "closed");
        if (action == "start_respond_by_id")
            return keep_turn(step, client_.start_respond(id_of(step), message_of(step), request), "reply");
        if (action == "start_close_by_id")
            return keep_turn(step, client_.start_close_conversation(id_of(step), request), "closed");
        if (action == "start_close_if_open")
            return keep_turn(step, conversation_of(step).start_close_if_open(), "closed");
        throw std::runtime_error("there is no " + action);
    }

    json keep(const json& step, polyai::Conversation conversation)
    {
        json answer = json::object();
        if (step["do"] != "attach")
            answer = greeting_of(conversation.greeting_reply());
        answer["conversation"] = { { "id", conversation.id() }, { "greeting", conversation.greeting() } };
        const std::lock_guard<std::mutex> guard(lock_);
        conversations_.insert_or_assign(step["conversation"], std::move(conversation));
        return answer;
    }

    template <class Turn>
    json keep_turn(const json& step, Turn turn, const char* outcome)
    {
        const json answer = { { "correlation_id", turn.correlation_id() } };
        const std::lock_guard<std::mutex> guard(lock_);
        completions_.expect(turn, names_.size());
        names_.push_back(step["turn"]);
        turns_.insert_or_assign(step["turn"], Started(std::move(turn)));
        outcomes_[step["turn"]] = outcome;
        return answer;
    }

    polyai::Conversation& conversation_of(const json& step)
    {
        const std::lock_guard<std::mutex> guard(lock_);
        return conversations_.at(step["conversation"]);
    }

    Started& turn_of(const json& step)
    {
        const std::lock_guard<std::mutex> guard(lock_);
        return turns_.at(step["turn"]);
    }

    json take(const json& step)
    {
        Started& started = turn_of(step);
        if (auto* creating = std::get_if<polyai::Turn<polyai::Conversation>>(&started))
            return keep(step, creating->get());
        if (auto* warming = std::get_if<polyai::Turn<void>>(&started)) {
            warming->get();
            return json::object();
        }
        if (auto* closing = std::get_if<polyai::Turn<std::optional<polyai::Reply>>>(&started)) {
            const auto closed = closing->get();
            return closed ? closed_of(*closed) : json::object();
        }
        const polyai::Reply reply = std::get<polyai::Turn<polyai::Reply>>(started).get();
        return outcomes_[step["turn"]] == "closed" ? closed_of(reply) : reply_of(reply);
    }

    json next_done()
    {
        constexpr std::chrono::seconds patience(20);
        if (!completions_.wait_for(patience))
            return { { "wrong", "no call is done" } };
        return { { "turn", names_.at(completions_.take().value()) } };
    }

    json warm_up(const json& step, bool is_started)
    {
        const std::chrono::milliseconds timeout(step["with"]["timeout_ms"].get<std::int64_t>());
        if (is_started)
            return keep_turn(step, client_.start_warm_up(timeout), "nothing");
        client_.warm_up(timeout);
        return json::object();
    }

    json wait(const json& step)
    {
        const std::chrono::milliseconds at_most(step["wait_ms"].get<std::int64_t>());
        const bool done = std::visit([&](auto& turn) { return turn.wait_for(at_most); }, turn_of(step));
        if (done != std::visit([](auto& turn) { return turn.ready(); }, turn_of(step)))
            return { { "wrong", "ready() and wait_for() disagree" } };
        return { { "done", done } };
    }

    /** The end of a scope, which is silent: what kept it from closing is asked for after it. */
    static json close_if_open(polyai::Conversation& conversation)
    {
        {
            const polyai::CloseOnExit closing = conversation.close_on_exit();
        }
        const bool was_over = is_over(conversation.state());
        conversation.close_if_open();
        if (!was_over && is_over(conversation.state()))
            return { { "wrong", "the end of a scope has not closed the conversation" } };
        return json::object();
    }

    static bool is_over(polyai::State state) { return state == polyai::State::ended || state == polyai::State::closed; }

    json state(const json& step)
    {
        const polyai::State state = conversation_of(step).state();
        return { { "state", polyai::name(state) }, { "over", is_over(state) } };
    }

    polyai::Client client_;
    std::mutex lock_;
    std::map<std::string, polyai::Conversation> conversations_;
    std::map<std::string, Started> turns_;
    std::map<std::string, std::string> outcomes_;
    std::vector<std::string> names_; // of started calls, by their tags
    polyai::Completions completions_;
    std::deque<std::thread> threads_;
};

/* ---- Lines -------------------------------------------------------------------------------------- */

std::mutex output_lock;

/** Does a step and writes its outcome, as one line. */
template <class Act>
void answer(const json& step, Act act)
{
    json outcome;
    try {
        outcome = act();
    } catch (const polyai::Error& error) {
        outcome = failure(error);
    }
    outcome["step"] = step["step"];
    const std::lock_guard<std::mutex> guard(output_lock);
    // A header may hold bytes that are no UTF-8.
    std::cout << outcome.dump(-1, ' ', false, json::error_handler_t::replace) << std::endl;
}

void begin(std::unique_ptr<Caller>& caller, const json& step)
{
    caller.reset();
    const std::size_t left = polyai::live_handles();
    answer(step, [&] {
        if (left != 0)
            return json { { "wrong", std::to_string(left) + " handles are left of the case before" } };
        caller = std::make_unique<Caller>(step["options"]);
        return json { { "hidden", json::array({ "printed" }) } }; // a program prints the fields
    });
}

} // namespace

int main()
{
    std::unique_ptr<Caller> caller;
    std::string line;
    while (std::getline(std::cin, line)) {
        const json step = json::parse(line);
        if (step["do"] == "begin") {
            begin(caller, step);
        } else if (step.value("on_a_thread", false)) {
            Caller& here = *caller;
            here.start_thread(std::thread([&here, step] { answer(step, [&] { return here.act(step); }); }));
        } else {
            answer(step, [&] { return caller->act(step); });
        }
    }
    return 0;
}
