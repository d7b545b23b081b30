// SPDX-License-Identifier: Apache-2.0 OR MIT
using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.Linq;
using System.Net;
using System.Net.Sockets;
using System.Reflection;
using System.Threading.Tasks;
using Microsoft.Extensions.Logging;
using PolyAI.Chat;
using Level = Microsoft.Extensions.Logging.LogLevel;

/// <summary>What a provider was given.</summary>
sealed class Record
{
    public string Category = "", Text = "";
    public Level Level;
    public EventId Event;
    public Dictionary<string, object> Values = new Dictionary<string, object>();
}

/// <summary>Keeps what the factory of Microsoft.Extensions.Logging hands to it.</summary>
sealed class Recorder : ILoggerProvider
{
    public readonly ConcurrentQueue<Record> Records = new ConcurrentQueue<Record>();
    public bool Throws;

    public ILogger CreateLogger(string category)
    {
        return new Logger(this, category);
    }

    public void Dispose() { }

    sealed class Logger : ILogger
    {
        readonly Recorder recorder;
        readonly string category;

        internal Logger(Recorder recorder, string category)
        {
            this.recorder = recorder;
            this.category = category;
        }

        public IDisposable BeginScope<T>(T state)
        {
            throw new NotSupportedException("no scope is expected");
        }

        public bool IsEnabled(Level level)
        {
            return true;
        }

        public void Log<T>(Level level, EventId id, T state, Exception problem, Func<T, Exception, string> format)
        {
            var values = (IEnumerable<KeyValuePair<string, object>>)state!;
            recorder.Records.Enqueue(new Record
            {
                Category = category, Text = format(state, problem), Level = level, Event = id,
                Values = values.ToDictionary(each => each.Key, each => each.Value),
            });
            if (recorder.Throws)
            {
                throw new InvalidOperationException("from a provider");
            }
        }
    }
}

/// <summary>Each method is a test. They talk to the simulator whose agent is in <c>agent.toml</c>.</summary>
static class Program
{
    static void Must(bool holds, string what)
    {
        if (!holds)
        {
            throw new InvalidOperationException("does not hold: " + what);
        }
    }

    static void With(Level least, Action<Recorder, ChatClientBuilder> test)
    {
        using var recorder = new Recorder();
        using ILoggerFactory factory = LoggerFactory.Create(logging => logging.SetMinimumLevel(least).AddProvider(recorder));
        test(recorder, ChatClient.Builder().Environment().Timeout(TimeSpan.FromSeconds(60)).Log(factory));
    }

    static void an_entry_has_text_and_values()
    {
        With(Level.Debug, (recorder, builder) =>
        {
            using ChatClient client = builder.Build();
            using Conversation talk = client.Create(new Request { ["customer_name"] = "Sam" });
            Reply reply = talk.Respond("Where is my secret order?");
            Record[] all = recorder.Records.ToArray();
            Must(all.Length == 2, "one for the create, one for the turn, not " + all.Length);
            Must(all.All(each => each.Category == "PolyAI.Chat" && each.Event.Id == 1 && each.Event.Name == "Attempt"), "whose they are");
            Record turn = all[1];
            Must(turn.Level == Level.Debug, "it succeeded");
            Must(client.RecentLogLinesJson().Contains("\"text\":\"" + turn.Text + "\""), "the text is the line: " + turn.Text);
            Must((string)turn.Values["Line"] == turn.Text && (string)turn.Values["{OriginalFormat}"] == "{Line}", "the template has it as a value");
            Must((string)turn.Values["correlation_id"] == reply.CorrelationId && (string)turn.Values["operation"] == "respond", "texts");
            Must((long)turn.Values["status"] == 200 && (long)turn.Values["serial"] == 2 && (long)turn.Values["elapsed_us"] > 0, "numbers");
            Must((bool)turn.Values["reused_connection"] && !(bool)all[0].Values["reused_connection"], "flags");
            Must(!turn.Values.ContainsKey("kind"), "what is not known is left out");
            foreach (string secret in new[] { "secret order", "simulator-key", "simulator-token" })
            {
                Must(!turn.Values.Any(each => each.Value.ToString()!.Contains(secret)), "it does not hold " + secret);
            }
        });
    }

    static void a_failure_is_information_then_a_warning()
    {
        With(Level.Debug, (recorder, builder) =>
        {
            using ChatClient client = builder.BaseUrl("http://127.0.0.1:1").MaxAttempts(2).Build();
            try
            {
                client.Create();
                Must(false, "nobody listens");
            }
            catch (ChatConnectException problem)
            {
                Record[] all = recorder.Records.ToArray();
                Must(all.Select(each => each.Level).SequenceEqual(new[] { Level.Information, Level.Warning }), "tried again, then given up");
                Must(all.All(each => (string)each.Values["kind"] == "connect" && (string)each.Values["delivery"] == "not_sent"), "what it was");
                Must(all.All(each => (string)each.Values["correlation_id"] == problem.CorrelationId), "of one call");
                Must(problem.StackTrace!.Contains("/polyai-chat/bindings/dotnet/src/PolyAI.Chat/Errors.cs:line "), "lines of the sources are in the assembly");
            }
        });
    }

    static void texts_come_back_exactly()
    {
        With(Level.Debug, (recorder, builder) =>
        {
            var server = new TcpListener(IPAddress.Loopback, 0);
            server.Start();
            Task answered = Task.Run(() =>
            {
                using TcpClient client = server.AcceptTcpClient();
                using NetworkStream stream = client.GetStream();
                stream.ReadByte();
                const string Body = "{\"error_code\":\"ODD\",\"message\":\"a \\\"kind\\\":\\\"x\\\" {hole} \\\\ caf\u00e9\"}";
                byte[] body = System.Text.Encoding.UTF8.GetBytes(Body);
                byte[] head = System.Text.Encoding.ASCII.GetBytes(
                    "HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\nContent-Length: " + body.Length + "\r\n\r\n");
                stream.Write(head, 0, head.Length);
                stream.Write(body, 0, body.Length);
                try
                {
                    while (stream.ReadByte() >= 0)
                    {
                        // Until the client closes: a reset would take the answer away.
                    }
                }
                catch (System.IO.IOException)
                {
                    // The client has closed.
                }
            });
            using (ChatClient client = builder.BaseUrl("http://127.0.0.1:" + ((IPEndPoint)server.LocalEndpoint).Port).MaxAttempts(1).Build())
            {
                try
                {
                    client.Create();
                    Must(false, "it was refused");
                }
                catch (ChatRejectedException)
                {
                    Record refused = recorder.Records.Single();
                    string outcome = (string)refused.Values["outcome"];
                    Must(outcome.Contains("a \"kind\":\"x\" {hole} \\ caf\u00e9"), "as the service said it: " + outcome);
                    Must(refused.Text.Contains(outcome) && (string)refused.Values["kind"] == "rejected", "it is no value of its own");
                }
            }
            Must(answered.Wait(TimeSpan.FromSeconds(60)), "the server is done");
            server.Stop();
        });
    }

    static void what_is_filtered_out_makes_no_entry()
    {
        With(Level.Information, (recorder, builder) =>
        {
            using ChatClient client = builder.Build();
            using Conversation talk = client.Create();
            Must(recorder.Records.IsEmpty && client.RecentLogLinesJson().Contains("\"serial\":1,"), "there was a line, and no entry");
        });
    }

    static void calls_at_the_same_time_keep_their_values()
    {
        With(Level.Debug, (recorder, builder) =>
        {
            using ChatClient client = builder.Build();
            Conversation[] talks = Enumerable.Range(0, 8).Select(each => client.Create()).ToArray();
            recorder.Records.Clear();
            Task<Reply>[] turns = talks.SelectMany(talk => Enumerable.Range(0, 10).Select(each => talk.RespondAsync("hello"))).ToArray();
            Must(Task.WaitAll(turns, TimeSpan.FromSeconds(60)), "they are done");
            var expected = turns.Select(turn => turn.Result.CorrelationId).OrderBy(id => id, StringComparer.Ordinal);
            var seen = recorder.Records.Select(each => (string)each.Values["correlation_id"]).OrderBy(id => id, StringComparer.Ordinal);
            Must(seen.SequenceEqual(expected), "an entry for each");
            Must(recorder.Records.All(each => each.Text.EndsWith("correlation id " + each.Values["correlation_id"])), "text and values go together");
            foreach (Conversation talk in talks)
            {
                talk.Dispose();
            }
        });
    }

    static void a_provider_that_throws_changes_nothing()
    {
        With(Level.Debug, (recorder, builder) =>
        {
            recorder.Throws = true;
            using ChatClient client = builder.Build();
            using Conversation talk = client.Create();
            Must(talk.Respond("hello").Response == "You said: hello" && recorder.Records.Count == 2, "the call succeeds");
        });
    }

    static void null_is_refused()
    {
        foreach (Action act in new Action[]
        {
            () => ChatClient.Builder().Log((ILogger)null!), () => ChatClient.Builder().Log((ILoggerFactory)null!),
        })
        {
            try
            {
                act();
                Must(false, "null is taken");
            }
            catch (ArgumentNullException)
            {
                // As it should.
            }
        }
    }

    static int Main(string[] arguments)
    {
        if (arguments.Length > 0)
        {
            return Documented.Check(arguments[0]);
        }
        int failed = 0;
        foreach (MethodInfo test in typeof(Program).GetMethods(BindingFlags.Static | BindingFlags.NonPublic)
            .Where(method => char.IsLower(method.Name[0]) && method.Name.Contains("_")))
        {
            try
            {
                test.Invoke(null, null);
                Console.WriteLine("ok: " + test.Name);
            }
            catch (TargetInvocationException problem)
            {
                failed++;
                Console.WriteLine("FAILED: " + test.Name + "\n" + problem.InnerException);
            }
        }
        Console.WriteLine(failed == 0 ? "all passed" : failed + " failed");
        return failed == 0 ? 0 : 1;
    }
}
