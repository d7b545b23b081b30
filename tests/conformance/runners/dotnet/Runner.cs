// SPDX-License-Identifier: Apache-2.0 OR MIT
using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Linq;
using System.Reflection;
using System.Text;
using System.Threading;
using System.Threading.Tasks;
using PolyAI.Chat;
using Members = System.Collections.Generic.Dictionary<string, object>;

/// <summary>The runner of .NET: does what steps say, and writes the outcome of each. With <c>--async</c> it awaits tasks, else it makes
/// calls that block.</summary>
sealed class Runner
{
    const string LookedUp = "X-POLYAI-Correlation-ID";

    readonly bool isAsync;
    readonly ChatClient client;
    readonly ConcurrentDictionary<string, Conversation> conversations = new ConcurrentDictionary<string, Conversation>();
    readonly ConcurrentDictionary<string, object> turns = new ConcurrentDictionary<string, object>();
    readonly BlockingCollection<string> done = new BlockingCollection<string>();

    Runner(Members options, bool isAsync)
    {
        this.isAsync = isAsync;
        ChatClientBuilder builder = ChatClient.Builder();
        foreach (KeyValuePair<string, object> option in options)
        {
            Set(builder, option.Key, Plain(option.Value));
        }
        client = builder.Build();
    }

    static void Main(string[] arguments)
    {
        bool isAsync = arguments.Contains("--async");
        TextReader input = new StreamReader(Console.OpenStandardInput(), new UTF8Encoding(false));
        Stream output = Console.OpenStandardOutput();
        Runner runner = null;
        for (string line = input.ReadLine(); line != null; line = input.ReadLine())
        {
            Members step = (Members)Json.Parse(line);
            if ((string)step["do"] == "begin")
            {
                Answer(output, step, () =>
                {
                    runner = new Runner((Members)step["options"], isAsync);
                    return Task.FromResult(new Members());
                });
                continue;
            }
            Runner of = runner;
            if (step.ContainsKey("on_a_thread"))
            {
                new Thread(() => Answer(output, step, () => of.Act(step))) { IsBackground = true }.Start();
            }
            else
            {
                Answer(output, step, () => of.Act(step));
            }
        }
        // A call that is still under way must not keep the program.
        Environment.Exit(0);
    }

    static void Answer(Stream output, Members step, Func<Task<Members>> act)
    {
        Members outcome;
        try
        {
            outcome = act().GetAwaiter().GetResult();
        }
        catch (Exception problem) when (problem is IChatError)
        {
            outcome = OfError((IChatError)problem);
        }
        catch (Exception problem)
        {
            outcome = Shown("wrong", problem.ToString());
        }
        outcome["step"] = step["step"];
        byte[] line = new UTF8Encoding(false).GetBytes(Json.Write(outcome) + "\n");
        lock (output)
        {
            output.Write(line, 0, line.Length);
            output.Flush();
        }
    }

    async Task<Members> Act(Members step)
    {
        Members with = step.ContainsKey("with") ? (Members)step["with"] : new Members();
        string action = (string)step["do"], id = Said(step, "id"), message = Said(step, "message");
        switch (action)
        {
            case "attach":
                return Keep(step, client.Attach(id), false);
            case "wait":
                return Shown("done", ((AnyTurn)turns[Said(step, "turn")]).Wait(Time(step["wait_ms"])));
            case "cancel":
                ((AnyTurn)turns[Said(step, "turn")]).Cancel();
                return new Members();
            case "take":
                return await ((AnyTurn)turns[Said(step, "turn")]).Take(isAsync, outcome => Of(step, outcome));
            case "next_done":
                string next;
                return done.TryTake(out next, 60000) ? Shown("turn", next) : Shown("wrong", "no call is done");
            case "log_lines":
                return Shown("log", Json.Parse(client.RecentLogLinesJson()));
            case "state":
                ConversationState state = Of(step).State;
                Members shown = Shown("state", Label(state));
                shown["over"] = state == ConversationState.Ended || state == ConversationState.Closed;
                return shown;
            case "close_if_open":
                if (isAsync && Of(step).State != ConversationState.Closed)
                {
                    await Of(step).CloseIfOpenAsync();
                }
                Of(step).Dispose();
                return new Members();
            case "start_close_if_open":
                return Keep(step, Of(step).StartCloseIfOpen());
            case "shut_down":
                client.ShutDown();
                return new Members();
            case "replace_credentials":
                client.ReplaceCredentials(Said(with, "api_key"), Said(with, "token"));
                return new Members();
            case "warm_up":
                if (isAsync)
                {
                    await client.WarmUpAsync(Time(with["timeout_ms"]));
                }
                else
                {
                    client.WarmUp(Time(with["timeout_ms"]));
                }
                return new Members();
            case "start_warm_up":
                return Keep(step, client.StartWarmUp(Time(with["timeout_ms"])));
        }
        Request request = OfFields(with);
        CancellationTokenSource source = new CancellationTokenSource();
        if (with.ContainsKey("cancelled_before"))
        {
            source.Cancel();
        }
        if (with.ContainsKey("cancel_after_ms"))
        {
            source.CancelAfter(Time(with["cancel_after_ms"]));
        }
        CancellationToken token = with.Keys.Any(name => name.StartsWith("cancel")) ? source.Token : CancellationToken.None;
        switch (action)
        {
            case "start_create":
                return Keep(step, client.StartCreate(request, token));
            case "start_respond":
                return Keep(step, Of(step).Start(message, request, token));
            case "start_close":
                return Keep(step, Of(step).StartClose(request, token));
            case "start_respond_by_id":
                return Keep(step, client.StartRespond(id, message, request, token));
            case "start_close_by_id":
                return Keep(step, client.StartCloseConversation(id, request, token));
        }
        return Of(step, await Call(action, step, id, message, request, token));
    }

    async Task<object> Call(string action, Members step, string id, string message, Request request, CancellationToken token)
    {
        switch (action)
        {
            case "create":
                return isAsync ? await client.CreateAsync(request, token) : client.Create(request, token);
            case "respond":
                return isAsync ? await Of(step).RespondAsync(message, request, token) : Of(step).Respond(message, request, token);
            case "close":
                return isAsync ? await Of(step).CloseAsync(request, token) : Of(step).Close(request, token);
            case "respond_by_id":
                return isAsync ? await client.RespondAsync(id, message, request, token) : client.Respond(id, message, request, token);
            case "close_by_id":
                return isAsync ? await client.CloseConversationAsync(id, request, token) : client.CloseConversation(id, request, token);
            default:
                throw new InvalidOperationException("no such action: " + action);
        }
    }

    /// <summary>A turn of any type.</summary>
    sealed class AnyTurn
    {
        public Func<TimeSpan, bool> Wait;
        public Action Cancel;
        public Func<bool, Func<object, Members>, Task<Members>> Take;
    }

    Members Keep<T>(Members step, Turn<T> turn) where T : class
    {
        string name = Said(step, "turn");
        turns[name] = new AnyTurn
        {
            Wait = turn.Wait,
            Cancel = turn.Cancel,
            Take = async (awaited, shown) => shown(awaited ? await turn : turn.Result()),
        };
        if (turn.Operation == null || turn.Operation.Length == 0)
        {
            return Shown("wrong", "the turn does not tell its operation");
        }
        turn.AsTask().ContinueWith(task => done.Add(name), TaskContinuationOptions.ExecuteSynchronously);
        return Shown("correlation_id", turn.CorrelationId);
    }

    Members Keep(Members step, Conversation conversation, bool isNew)
    {
        conversations[Said(step, "conversation")] = conversation;
        Members outcome = isNew ? OfAnswer(conversation.Greeting) : new Members();
        Members shown = Shown("id", conversation.Id);
        shown["greeting"] = conversation.Greeting.Response;
        outcome["conversation"] = shown;
        return outcome;
    }

    Conversation Of(Members step)
    {
        return conversations[Said(step, "conversation")];
    }

    Members Of(Members step, object outcome)
    {
        Conversation conversation = outcome as Conversation;
        if (conversation != null)
        {
            return Keep(step, conversation, true);
        }
        return outcome == null ? new Members() : OfAnswer((Answer)outcome);
    }

    /// <summary>Sets an option by its own method where there is one.</summary>
    static void Set(ChatClientBuilder builder, string name, string value)
    {
        string method = Pascal(name.EndsWith("_ms") ? name.Substring(0, name.Length - 3) : name);
        MethodInfo setter = typeof(ChatClientBuilder).GetMethods().FirstOrDefault(each => each.Name == method
            && each.GetParameters().Length == 1);
        Type of = setter == null ? null : setter.GetParameters()[0].ParameterType;
        ulong number;
        bool isNumber = ulong.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out number) && number < 1UL << 40;
        if (of == typeof(string))
        {
            setter.Invoke(builder, new object[] { value });
        }
        else if (of == typeof(TimeSpan) && isNumber)
        {
            setter.Invoke(builder, new object[] { TimeSpan.FromMilliseconds(number) });
        }
        else if (of == typeof(long) && isNumber)
        {
            setter.Invoke(builder, new object[] { (long)number });
        }
        else if (of == typeof(bool) && (value == "true" || value == "false"))
        {
            setter.Invoke(builder, new object[] { value == "true" });
        }
        else
        {
            builder.Option(name, value);
        }
    }

    static Request OfFields(Members with)
    {
        Request request = new Request();
        foreach (KeyValuePair<string, object> field in with)
        {
            Members members = field.Value as Members;
            MethodInfo setter = typeof(Request).GetMethod(Pascal(field.Key) + (members == null ? "" : "Json"));
            if (field.Key == "timeout_ms")
            {
                request.Timeout(Time(field.Value));
            }
            else if (field.Key == "headers")
            {
                foreach (KeyValuePair<string, object> header in members)
                {
                    request.Header(header.Key, (string)header.Value);
                }
            }
            else if (field.Key == "integration_attributes" && members != null && members.Count > 0
                && members.Values.All(value => value is string))
            {
                foreach (KeyValuePair<string, object> attribute in members)
                {
                    request[attribute.Key] = (string)attribute.Value;
                }
            }
            else if (!field.Key.StartsWith("cancel"))
            {
                string text = Plain(field.Value);
                if (setter == null)
                {
                    request.Field(field.Key, text);
                }
                else
                {
                    setter.Invoke(request, new object[] { text });
                }
            }
        }
        return request;
    }

    static Members OfAnswer(Answer answer)
    {
        Members shown = Shown("raw", answer.RawJson);
        shown["unknown_fields"] = Json.Parse(answer.UnknownFieldsJson);
        shown["correlation_id"] = answer.CorrelationId;
        shown["elapsed_us"] = answer.Elapsed.Ticks / 10;
        shown["headers"] = OfHeaders(answer.Headers);
        shown["header"] = answer.Headers.First(LookedUp);
        Greeting greeting = answer as Greeting;
        Reply reply = answer as Reply;
        if (greeting != null)
        {
            shown["response"] = greeting.Response;
            shown["plain_text"] = greeting.PlainText;
            shown["conversation_id"] = greeting.ConversationId;
            shown["user_id"] = greeting.UserId;
            return Compared("greeting", shown, answer);
        }
        if (reply != null)
        {
            shown["response"] = reply.Response;
            shown["plain_text"] = reply.PlainText;
            shown["conversation_id"] = reply.ConversationId;
            shown["end_conversation"] = reply.EndConversation;
            shown["handoff"] = OfHandoff(reply.Handoff);
            return Compared("reply", shown, answer);
        }
        shown["was_over"] = ((Closed)answer).WasOver;
        return Compared("closed", shown, answer);
    }

    static Members Compared(string kind, Members shown, Answer answer)
    {
        Members outcome = Shown(kind, shown);
        string wrong = Disagreement(shown, (Members)Json.Parse(answer.ToJson()), "raw", "raw_json");
        if (wrong != null)
        {
            outcome["wrong"] = wrong;
        }
        return outcome;
    }

    static Members OfHandoff(Handoff handoff)
    {
        if (handoff == null)
        {
            return null;
        }
        Members shown = Shown("destination", handoff.Destination);
        shown["reason"] = handoff.Reason;
        shown["raw"] = Json.Parse(handoff.Json);
        return shown;
    }

    static List<object> OfHeaders(Headers headers)
    {
        return headers.Select(header => (object)new List<object> { header.Key, header.Value }).ToList();
    }

    static Members OfError(IChatError problem)
    {
        Members shown = Shown("kind", problem.KindName);
        shown["number"] = (int)problem.Kind;
        shown["delivery"] = Label(problem.Delivery);
        shown["may_resend"] = problem.MayResend;
        shown["phase"] = problem.Phase;
        shown["message"] = problem.Explanation;
        shown["text"] = ((Exception)problem).Message;
        shown["http_status"] = problem.HttpStatus;
        shown["error_code"] = problem.ErrorCode;
        shown["service_message"] = problem.ServiceMessage;
        shown["correlation_id"] = problem.CorrelationId;
        shown["retry_after_ms"] = problem.RetryAfter.HasValue ? (object)(problem.RetryAfter.Value.Ticks / 10000) : null;
        shown["body_excerpt"] = problem.BodyExcerpt;
        shown["cause"] = problem.SystemCause;
        shown["attempts"] = Json.Parse(problem.AttemptsJson);
        shown["headers"] = OfHeaders(problem.Headers);
        shown["header"] = problem.Headers.First(LookedUp);
        Members outcome = Shown("error", shown);
        outcome["printed"] = problem.ToString();
        string wrong = Wrong(problem, shown);
        if (wrong != null)
        {
            outcome["wrong"] = wrong;
        }
        return outcome;
    }

    /// <summary>Where two ways to learn the same disagree.</summary>
    static string Wrong(IChatError problem, Members shown)
    {
        string name = problem.GetType().Name;
        string right = problem.Kind == ErrorKind.Cancelled ? "ChatCanceledException" : "Chat" + problem.Kind + "Exception";
        if (name != right || Label(problem.Kind) != problem.KindName)
        {
            return "a " + name + " is of the kind " + problem.Kind;
        }
        if (problem.AttemptCount != ((List<object>)shown["attempts"]).Count)
        {
            return "there are not " + problem.AttemptCount + " attempts";
        }
        return Disagreement(shown, (Members)Json.Parse(problem.ToJson()), "", "");
    }

    /// <summary>A field that is another one where all of them are one JSON object, in which one name may be another.</summary>
    static string Disagreement(Members shown, Members all, string name, string nameInJson)
    {
        foreach (KeyValuePair<string, object> field in shown)
        {
            string key = field.Key == name ? nameInJson : field.Key;
            // Headers are an array of bytes there where a value is not UTF-8. The plain text is made of another field.
            if (!key.StartsWith("header") && key != "plain_text" && Json.Write(field.Value) != Json.Write(all[key]))
            {
                return key + " is " + Json.Write(all[key]) + " in the JSON";
            }
        }
        return null;
    }

    static TimeSpan Time(object milliseconds)
    {
        return TimeSpan.FromMilliseconds(double.Parse(Plain(milliseconds), CultureInfo.InvariantCulture));
    }

    static string Plain(object value)
    {
        return value as string ?? Json.Write(value);
    }

    static string Said(Members members, string name)
    {
        object value;
        return members.TryGetValue(name, out value) ? (string)value : null;
    }

    static Members Shown(string name, object value)
    {
        return new Members { { name, value } };
    }

    /// <summary><c>NotSent</c> as <c>not_sent</c>.</summary>
    static string Label(object member)
    {
        return string.Concat(member.ToString().Select((letter, index) =>
            (char.IsUpper(letter) && index > 0 ? "_" : "") + char.ToLowerInvariant(letter)));
    }

    /// <summary><c>api_key</c> as <c>ApiKey</c>.</summary>
    static string Pascal(string name)
    {
        return string.Concat(name.Split('_').Select(word => word.Length == 0 ? "" : char.ToUpperInvariant(word[0]) + word.Substring(1)));
    }
}
