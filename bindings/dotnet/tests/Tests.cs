// SPDX-License-Identifier: Apache-2.0 OR MIT
using System;
using System.Collections.Concurrent;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Net;
using System.Net.Sockets;
using System.Reflection;
using System.Text;
using System.Threading;
using System.Threading.Tasks;
using PolyAI.Chat;

/// <summary>Each method is a test. They talk to a simulator whose agent is in <c>agent.toml</c>.</summary>
static class Tests
{
    // What should happen at all happens long before.
    static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    static readonly string[] Missing = { "no_library", "other_abi", "no_functions" };
    /// <summary>Run by itself, where the system grants few threads.</summary>
    const string NoThread = "no_thread";

    static ChatClientBuilder Builder()
    {
        return ChatClient.Builder().Environment().Timeout(Patience);
    }

    static void Must(bool holds, string what)
    {
        if (!holds)
        {
            throw new InvalidOperationException("does not hold: " + what);
        }
    }

    static E Thrown<E>(Action act) where E : Exception
    {
        try
        {
            act();
        }
        catch (E expected)
        {
            return expected;
        }
        throw new InvalidOperationException("no " + typeof(E).Name + " was thrown");
    }

    static T Awaited<T>(Task<T> task)
    {
        Must(((IAsyncResult)task).AsyncWaitHandle.WaitOne(Patience), "the task is done");
        return task.GetAwaiter().GetResult();
    }

    static void texts_come_back_exactly()
    {
        using (ChatClient client = Builder().Build())
        using (Conversation talk = client.Create(new Request { ["customer_name"] = "S\0m 😀" }))
        {
            Must(talk.Greeting.Response == "Hello S\0m 😀.", "the greeting has a NUL and an emoji");
            foreach (string text in new[] { "héllo 😀\0end", "\0", "שלום", new string('x', 100000) })
            {
                Must(talk.Respond(text).Response == "You said: " + text, "the text comes back");
                Must(Awaited(talk.RespondAsync(text)).Response == "You said: " + text, "it comes back to a task");
            }
            Must(talk.Respond("").Response == "You said: ", "an empty message is a message");
            ChatInvalidArgumentException half = Thrown<ChatInvalidArgumentException>(() => talk.Respond("\ud83d"));
            Must(half.Delivery == Delivery.NotSent && half.MayResend, "half a pair was not sent");
        }
    }

    static void a_handoff_has_its_fields()
    {
        using (ChatClient client = Builder().Build())
        using (Conversation talk = client.Create())
        {
            Reply reply = talk.Respond("human");
            Must(reply.ToJson().Contains("\"destination\":\"returns-desk\"") && talk.Greeting.ToJson().Contains("\"operation\":\"create\""),
                "all of it is one JSON object");
            Handoff handoff = reply.Handoff;
            Must(handoff.Destination == "returns-desk" && handoff.Reason == "customer_request", "destination and reason");
            Must(handoff.Json.Contains("priority"), "the rest is in the JSON");
            Must(talk.Respond("bye").EndConversation && talk.State == ConversationState.Ended, "the agent ends it");
            ChatConversationEndedException over = Thrown<ChatConversationEndedException>(() => talk.Respond("still there?"));
            Must(over.ToJson().Contains("conversation_ended") && over.HttpStatus == null, "it was refused without a request");
        }
    }

    /// <summary>Reads the beginning of a request, and refuses it in an old encoding, which the simulator has no words for.</summary>
    static void Refuse(TcpListener server)
    {
        using (TcpClient client = server.AcceptTcpClient())
        using (NetworkStream stream = client.GetStream())
        {
            stream.ReadByte();
            byte[] answer = Encoding.GetEncoding(28591).GetBytes(
                "HTTP/1.1 400 Bad Request\r\nX-Odd: caf\u00e9\r\nX-Odd: two\r\nContent-Length: 2\r\n\r\n{}");
            stream.Write(answer, 0, answer.Length);
            try
            {
                while (stream.ReadByte() >= 0)
                {
                    // Until the client closes: a reset would take the answer away.
                }
            }
            catch (IOException)
            {
                // The client has closed.
            }
        }
    }

    static void a_header_that_is_not_utf8_is_iso_8859_1()
    {
        TcpListener server = new TcpListener(IPAddress.Loopback, 0);
        server.Start();
        Thread thread = new Thread(() => Refuse(server));
        thread.Start();
        string url = "http://127.0.0.1:" + ((IPEndPoint)server.LocalEndpoint).Port;
        using (ChatClient client = Builder().BaseUrl(url).MaxAttempts(1).Build())
        {
            Headers headers = Thrown<ChatRejectedException>(() => client.Create()).Headers;
            Must(headers.First("x-odd") == "caf\u00e9", "each byte is a character");
            Must(string.Join(",", headers.Values("X-ODD")) == "caf\u00e9,two", "both are there");
        }
        Must(thread.Join(Patience), "the server is done");
        server.Stop();
    }

    static void a_token_cancels_before_the_start()
    {
        using (ChatClient client = Builder().Build())
        using (Conversation talk = client.Create())
        {
            CancellationToken token = new CancellationToken(true);
            Task<Reply> task = talk.RespondAsync("never", token);
            foreach (Action act in new Action[] { () => talk.Respond("never", null, token), () => Awaited(task) })
            {
                ChatCanceledException canceled = Thrown<ChatCanceledException>(act);
                Must(canceled.Delivery == Delivery.NotSent && canceled.MayResend, "nothing was sent");
                Must(canceled.CancellationToken == token && canceled.Kind == ErrorKind.Cancelled, "the token is named");
            }
            Must(task.IsCanceled, "the task is cancelled, not failed");
            Thrown<ChatCanceledException>(() => client.WarmUp(Patience, token));
        }
    }

    static void a_token_cancels_at_any_time()
    {
        using (ChatClient client = Builder().Build())
        {
            for (int i = 0; i < 200; i++)
            {
                using (Conversation talk = client.Attach("C-" + i))
                using (CancellationTokenSource source = new CancellationTokenSource())
                {
                    // Sometimes before the call has begun, sometimes after.
                    Thread other = new Thread(source.Cancel);
                    other.Start();
                    bool isBlocking = i % 2 == 0;
                    try
                    {
                        if (isBlocking)
                        {
                            client.Respond("C-unknown", "never", null, source.Token);
                        }
                        else
                        {
                            Awaited(client.RespondAsync("C-unknown", "never", null, source.Token));
                        }
                        Must(false, "it is cancelled or refused");
                    }
                    catch (ChatCanceledException canceled)
                    {
                        Must(canceled.MayResend == (canceled.Delivery != Delivery.Unknown), "the delivery is told");
                    }
                    catch (ChatException)
                    {
                        // The simulator knows no such conversation, and was quicker.
                    }
                    Must(other.Join(Patience), "it is cancelled");
                }
            }
            using (Conversation talk = client.Create())
            using (CancellationTokenSource source = new CancellationTokenSource())
            {
                Task<Reply> first = talk.RespondAsync("never", source.Token);
                Turn<Reply> second = talk.Start("never", null, source.Token);
                Task<Reply> third = Task.Run(() => talk.Respond("never", null, source.Token));
                source.Cancel();
                Must(Thrown<ChatCanceledException>(() => Awaited(first)).CancellationToken == source.Token, "the token is named");
                Must(Thrown<ChatCanceledException>(() => second.Result()).Delivery == Delivery.NotSent, "it was in the queue");
                Thrown<ChatCanceledException>(() => Awaited(third));
            }
        }
    }

    static void a_token_that_comes_late_changes_nothing()
    {
        using (ChatClient client = Builder().Build())
        using (Conversation talk = client.Create())
        using (CancellationTokenSource source = new CancellationTokenSource())
        {
            Task<Reply> task = talk.RespondAsync("hello", source.Token);
            Turn<Reply> turn = talk.Start("hello", null, source.Token);
            Must(Awaited(task).Response == "You said: hello" && turn.Wait(Patience), "both are done");
            source.Cancel();
            Must(Awaited(task).Response == turn.Result().Response, "they stay as they were");
            Must(ReferenceEquals(turn.Result(), Awaited(turn.AsTask())), "a turn gives the same object each time");
        }
    }

    static void a_turn_is_waited_for_in_pieces()
    {
        using (ChatClient client = Builder().Build())
        using (Conversation talk = client.Create())
        using (Turn<Reply> turn = talk.Start("never"))
        {
            Must(!turn.Wait(TimeSpan.FromMilliseconds(1)) && !turn.IsDone, "it is not done");
            Must(turn.Operation == "respond" && turn.CorrelationId.Length > 0, "it says what it is");
            turn.Cancel();
            Must(turn.Wait(Patience) && turn.IsDone, "it is done when it is cancelled");
            Thrown<ChatCanceledException>(() => turn.Result());
            Thrown<ChatCanceledException>(() => turn.Result());
        }
    }

    static void disposing_twice_does_nothing()
    {
        ChatClient client = Builder().Build();
        Conversation talk = client.Create();
        Turn<Reply> turn = talk.Start("never");
        Task<Reply> awaited = talk.RespondAsync("never");
        turn.Dispose();
        turn.Dispose();
        Thrown<ObjectDisposedException>(() => turn.Result());
        client.ShutDown();
        Thrown<ChatCanceledException>(() => Awaited(awaited));
        Thrown<ChatCanceledException>(() => talk.Dispose());
        talk.Dispose();
        Must(talk.State != ConversationState.Closed, "its close was cancelled");
        Thrown<ObjectDisposedException>(() => talk.Respond("hello"));
        Thrown<ObjectDisposedException>(() => Awaited(talk.RespondAsync("hello")));
        client.Dispose();
        client.Dispose();
        Thrown<ObjectDisposedException>(() => client.Create());

        using (ChatClient another = Builder().Build())
        {
            Conversation closed = another.Create();
            closed.Dispose();
            closed.Dispose();
            Must(closed.State == ConversationState.Closed, "`using` closes an open conversation");
        }
    }

    /// <summary>How many requests of a kind a client remembers; those of a shared client are remembered for all who share it.</summary>
    static int Remembered(ChatClient client, string operation)
    {
        return client.RecentAttemptsJson().Split(new[] { "\"operation\":\"" + operation + "\"" }, StringSplitOptions.None).Length - 1;
    }

    static void a_shared_client_is_one_client()
    {
        Func<ChatClientBuilder> options = () => Builder().UserAgent("shared-by-tests/1");
        ChatClient one = ChatClient.Shared(options()), two = ChatClient.Shared(options());
        one.Create();
        one.Dispose(); // lets go of this object: the client goes on
        one.Dispose();
        Thrown<ObjectDisposedException>(() => one.Create());
        two.Create();
        using (ChatClient three = ChatClient.Shared(options()))
        using (ChatClient other = ChatClient.Shared(options().MaxAttempts(2)))
        {
            three.Create();
            other.Create();
            Must(Remembered(two, "create") == 3 && Remembered(other, "create") == 1, "other options are another client");
            Must(three.MetricsJson().Contains("\"opened_connections\":1,"), "it has one connection: " + three.MetricsJson());
            other.ShutDown();
        }
        two.ShutDown();
        Must(Thrown<ChatCanceledException>(() => two.Create()).Delivery == Delivery.NotSent, "it is shut down for all who share it");
        using (ChatClient anew = ChatClient.Shared(options()))
        {
            anew.Create();
            Must(Remembered(anew, "create") == 1, "one that is shut down is not given any more");
            anew.ShutDown();
        }
        two.Dispose();
    }

    static void a_shared_client_calls_nobody_back()
    {
        foreach (ChatClientBuilder options in new[] { Builder().Log((level, line) => { }), Builder().Attempts(json => { }) })
        {
            Must(Thrown<ChatInvalidArgumentException>(() => ChatClient.Shared(options)).Explanation.Contains("recent_log_lines"),
                "the error says what serves instead");
        }
        Thrown<ChatInvalidArgumentException>(() => ChatClient.Shared(ChatClient.Builder().Option("no_such", "x")));
        Thrown<ArgumentNullException>(() => ChatClient.Shared(null));
    }

    static void a_delegate_that_throws_changes_nothing()
    {
        int lines = 0, attempts = 0;
        Action<LogLevel, string> log = (level, line) =>
        {
            Interlocked.Increment(ref lines);
            throw new InvalidOperationException("from a log");
        };
        Action<string> attempt = json =>
        {
            Interlocked.Increment(ref attempts);
            throw new InvalidOperationException("from an attempt");
        };
        using (ChatClient client = Builder().Log(log).Attempts(attempt).Build())
        {
            GC.Collect();
            using (Conversation talk = client.Create())
            {
                Must(talk.Respond("hello").Response == "You said: hello", "a call that blocks");
                Must(Awaited(talk.RespondAsync("hello")).Response == "You said: hello", "a call on a thread of the library");
            }
        }
        Must(lines == 4 && attempts == 4, "a line and an object for each of four attempts");
    }

    static void garbage_is_collected_while_delegates_run()
    {
        int lines = 0;
        using (ChatClient client = Builder().Log((level, line) => Interlocked.Increment(ref lines)).Build())
        using (Conversation talk = client.Create())
        {
            for (int i = 0; i < 100; i++)
            {
                Task<Reply> task = talk.RespondAsync("hello");
                GC.Collect();
                Awaited(task);
            }
        }
        Must(lines == 102, "a line for each call");
    }

    static void calls_under_way_leave_the_pool_free()
    {
        const int Items = 100;
        using (ChatClient client = Builder().Build())
        using (CancellationTokenSource source = new CancellationTokenSource())
        {
            Conversation[] talks = Enumerable.Range(0, 16).Select(n => client.Create()).ToArray();
            Task<Reply>[] tasks = talks.Select(talk => talk.RespondAsync("never", source.Token)).ToArray();
            using (CountdownEvent ran = new CountdownEvent(Items))
            {
                for (int i = 0; i < Items; i++)
                {
                    ThreadPool.QueueUserWorkItem(none => ran.Signal());
                }
                Must(ran.Wait(Patience), "other work items run");
                Must(tasks.All(task => !task.IsCompleted), "while all the calls are under way");
            }
            source.Cancel();
            foreach (Task<Reply> task in tasks)
            {
                Thrown<ChatCanceledException>(() => Awaited(task));
            }
            foreach (Conversation talk in talks)
            {
                talk.Dispose();
            }
        }
    }

    sealed class Loop : SynchronizationContext
    {
        readonly BlockingCollection<Action> posted = new BlockingCollection<Action>();

        public override void Post(SendOrPostCallback callback, object state)
        {
            posted.Add(() => callback(state));
        }

        internal void RunUntil(Task task)
        {
            task.ContinueWith(done => posted.Add(() => { }), TaskContinuationOptions.ExecuteSynchronously);
            while (!task.IsCompleted)
            {
                Action next;
                Must(posted.TryTake(out next, Patience), "the loop goes on");
                next();
            }
        }
    }

    static void a_user_interface_can_await_and_block()
    {
        Loop loop = new Loop();
        SynchronizationContext.SetSynchronizationContext(loop);
        try
        {
            using (ChatClient client = Builder().Build())
            using (Conversation talk = client.Create())
            {
                int thread = Thread.CurrentThread.ManagedThreadId;
                Func<Task> scenario = async () =>
                {
                    await talk.RespondAsync("hello");
                    Must(Thread.CurrentThread.ManagedThreadId == thread, "it goes on in the loop");
                };
                Task task = scenario();
                loop.RunUntil(task);
                task.GetAwaiter().GetResult();
                // Nothing of the library waits for the thread that is blocked here.
                Must(Awaited(talk.RespondAsync("hello")).Response == "You said: hello", "blocking does not deadlock");
            }
        }
        finally
        {
            SynchronizationContext.SetSynchronizationContext(null);
        }
    }

    static void options_come_from_a_dictionary_and_a_builder()
    {
        string described = Builder().MaxAttempts(2).DescribeJson();
        Must(described.Contains("max_attempts") && !described.Contains("simulator-key"), "the options are described, without secrets");
        ChatConfigurationException missing = Thrown<ChatConfigurationException>(
            () => ChatClient.FromOptions(new Dictionary<string, string> { { "api_key", "k" } }));
        Must(missing.Delivery == Delivery.NotSent && missing.Explanation.Length > 0, "the error says which option is missing");
        Thrown<ChatInvalidArgumentException>(() => ChatClient.Builder().Option("no_such", "x").Build());
        Thrown<ChatConfigurationException>(() => ChatClient.FromProfile("none", "/none"));
        using (ChatClient client = ChatClient.FromEnvironment())
        {
            Must(client.Dialect == "current" && client.Proxy == null && client.BaseUrl.StartsWith("http://"), "what it says of itself");
            client.WarmUp(Patience);
            Must(client.MetricsJson().Contains("opened_connections") && client.RecentAttemptsJson() == "[]", "its counters");
            Must(client.RecentLogLinesJson(7) == "[]" && ChatLibrary.Version.Length > 0, "its lines, and a version");
            Must(client.ShutDownAndWait(Patience), "no thread of it is left");
        }
    }

#if NETCOREAPP3_0_OR_GREATER
    static void a_conversation_is_closed_without_blocking()
    {
        using (ChatClient client = Builder().Build())
        {
            Conversation talk = client.Create();
            Func<Task<bool>> twice = async () =>
            {
                await talk.DisposeAsync();
                await talk.DisposeAsync();
                return true;
            };
            Must(Awaited(twice()) && talk.State == ConversationState.Closed, "it is closed");
        }
    }
#endif

    /// <summary>The last one: whatever the others left is found.</summary>
    static void what_nobody_keeps_is_freed()
    {
        // On a thread of its own: Mono looks for references on the whole stack.
        Thread thread = new Thread(() =>
        {
            ChatClient client = Builder().Build();
            Conversation talk = client.Create();
            talk.Respond("hello");
            Turn<Reply> turn = talk.Start("never", null, new CancellationTokenSource().Token);
            Must(!turn.IsDone && ChatLibrary.LiveHandles >= 3, "there are handles");
        });
        thread.Start();
        Must(thread.Join(Patience), "nothing of it waits");
        DateTime end = DateTime.UtcNow + Patience;
        while (ChatLibrary.LiveHandles > 0 && DateTime.UtcNow < end)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            Thread.Sleep(10);
        }
        Must(ChatLibrary.LiveHandles == 0, "there is no handle, not " + ChatLibrary.LiveHandles);
    }

    /// <summary>What is said where the library cannot be used.</summary>
    static int Unusable(string which)
    {
        string expected = which == "other_abi" ? "has the ABIs 900 to 901, and this assembly needs" : "cannot be used";
        for (int i = 0; i < 2; i++)
        {
            NativeLibraryException problem = Thrown<NativeLibraryException>(() => Builder().Build());
            Must(problem.Message.Contains(expected) && problem.Message.Contains("Right is one of"), problem.Message);
        }
        Thrown<NativeLibraryException>(() => ChatLibrary.Version.ToString());
        Console.WriteLine("ok: " + which);
        return 0;
    }

    /// <summary>What a call needs is there before anything is sent: where the system grants no thread, a start is an error of this library,
    /// and those that come when it does are done.</summary>
    static void WithoutThreads()
    {
        using (ChatClient client = Builder().Build())
        {
            Stack<KeyValuePair<Thread, ManualResetEventSlim>> held = new Stack<KeyValuePair<Thread, ManualResetEventSlim>>();
            try
            {
                while (true)
                {
                    ManualResetEventSlim let = new ManualResetEventSlim();
                    Thread thread = new Thread(() => let.Wait()) { IsBackground = true };
                    thread.Start();
                    held.Push(new KeyValuePair<Thread, ManualResetEventSlim>(thread, let));
                }
            }
            catch (Exception)
            {
                // That was the last one.
            }
            List<Turn<Conversation>> started = new List<Turn<Conversation>>();
            int refused = 0;
            for (int free = 0; free < 6; free++)
            {
                try
                {
                    started.Add(client.StartCreate());
                }
                catch (ChatUnavailableException problem)
                {
                    refused++;
                    Must(problem.Delivery == Delivery.NotSent && problem.Message.Contains("thread"), "it says why: " + problem.Message);
                }
                KeyValuePair<Thread, ManualResetEventSlim> next = held.Pop();
                next.Value.Set();
                next.Key.Join();
            }
            while (held.Count > 0)
            {
                held.Pop().Value.Set();
            }
            Must(refused > 0, "threads have run out");
            foreach (Turn<Conversation> turn in started)
            {
                Must(turn.Wait(Patience) && turn.Result().Greeting.Response.Length > 0, "what was started is done");
            }
            Must(Awaited(client.CreateAsync()).Greeting.Response.Length > 0, "tasks are completed again");
        }
    }

    static int Main(string[] arguments)
    {
        if (arguments.Length > 0 && Missing.Contains(arguments[0]))
        {
            return Unusable(arguments[0]);
        }
        if (arguments.Length > 0 && arguments[0] == NoThread)
        {
            WithoutThreads();
            Console.WriteLine("ok: " + NoThread);
            Environment.Exit(0);
        }
        string only = arguments.Length > 0 ? arguments[0] : "";
        int failed = 0;
        foreach (MethodInfo test in typeof(Tests).GetMethods(BindingFlags.Static | BindingFlags.NonPublic)
            .Where(method => char.IsLower(method.Name[0]) && method.Name.Contains("_") && method.Name.Contains(only))
            .OrderBy(method => method.MetadataToken))
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
        // What is under way must not keep the program.
        Environment.Exit(failed == 0 ? 0 : 1);
        return 0;
    }
}
