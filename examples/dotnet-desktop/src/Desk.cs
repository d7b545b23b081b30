// SPDX-License-Identifier: Apache-2.0 OR MIT
using System;
using System.Collections.Generic;
using System.Linq;
using System.Threading;
using System.Threading.Tasks;
using PolyAI.Chat;

/// <summary>The conversations of this console. Lines come from one thread; what they begin goes on by itself.</summary>
sealed class Desk
{
    static readonly TimeSpan EndWithin = TimeSpan.FromSeconds(10);

    readonly ChatClient client;
    readonly Screen screen;
    readonly CancellationTokenSource ending = new CancellationTokenSource();
    readonly object gate = new object();
    readonly List<Talk> talks = new List<Talk>();
    readonly List<Task> underWay = new List<Task>();
    Talk current;
    bool isEnding;

    internal Desk(ChatClient client, Screen screen)
    {
        this.client = client;
        this.screen = screen;
    }

    internal void Create(string name)
    {
        Request request = name.Length == 0 ? null : new Request { ["customer_name"] = name };
        Begin(() =>
        {
            current = new Talk(talks.Count + 1, client, request, screen, ending.Token);
            talks.Add(current);
            return current.Opened;
        });
    }

    internal void Say(string text)
    {
        if (current == null || current.IsOver)
        {
            screen.Show(current == null ? "/new begins a conversation" : "[" + current.Number + "] is over");
            return;
        }
        Begin(() => current.Say(text));
    }

    internal void Use(int number)
    {
        Talk found = talks.FirstOrDefault(talk => talk.Number == number && !talk.IsOver);
        current = found ?? current;
        screen.Show("[" + number + "] is " + (found == null ? "not open" : "what you talk to"));
    }

    internal void List()
    {
        string[] open = talks.Where(talk => !talk.IsOver).Select(talk => "[" + talk.Number + "]" + (talk == current ? "*" : "")).ToArray();
        screen.Show(open.Length == 0 ? "nothing is open" : "open: " + string.Join(" ", open));
    }

    internal void Close()
    {
        if (current == null || current.IsOver)
        {
            screen.Show("nothing is open here");
            return;
        }
        Begin(current.Close);
    }

    /// <summary>Cancels what is under way; nothing begins any more. Returns at once, since tasks that end may go on in the thread that
    /// cancels them.</summary>
    internal void Cancel()
    {
        lock (gate)
        {
            isEnding = true;
        }
        ThreadPool.QueueUserWorkItem(none => ending.Cancel());
    }

    /// <summary>Lets what is under way finish, then closes what is open, and returns when all that is done. Nothing begins any more.</summary>
    internal void End()
    {
        Task[] pending;
        Talk[] all;
        lock (gate)
        {
            isEnding = true;
            pending = underWay.ToArray();
            all = talks.ToArray();
        }
        Task.Run(() => End(pending, all)).Wait();
    }

    /// <summary>Goes on where a task has failed: what is open is to be closed all the same.</summary>
    async Task End(Task[] pending, Talk[] all)
    {
        await Task.WhenAny(Task.WhenAll(pending));
        Task closed = Task.WhenAll(all.Where(talk => !talk.IsOver).Select(talk => talk.Close()).ToArray());
        await Task.WhenAny(closed, Task.Delay(EndWithin));
        client.Dispose();
    }

    /// <summary>Begins something, unless the console is ending: the ending would not see it.</summary>
    void Begin(Func<Task> start)
    {
        lock (gate)
        {
            if (!isEnding)
            {
                underWay.RemoveAll(each => each.IsCompleted);
                underWay.Add(start());
                return;
            }
        }
        screen.Show("this console is ending");
    }
}
