// SPDX-License-Identifier: Apache-2.0 OR MIT
using System;
using System.Threading;
using System.Threading.Tasks;
using PolyAI.Chat;

/// <summary>One conversation of the console. What it is told is told to the agent in that order, also before the agent has greeted.</summary>
sealed class Talk
{
    static readonly TimeSpan FillerAfter = TimeSpan.FromMilliseconds(1500);

    internal readonly int Number;
    readonly Screen screen;
    readonly CancellationToken ending;
    readonly Task<Conversation> opened;
    readonly object gate = new object();
    /// <summary>Done once the latest request has been started.</summary>
    Task begun;
    volatile bool isOver;

    internal Talk(int number, ChatClient client, Request request, Screen screen, CancellationToken ending)
    {
        Number = number;
        this.screen = screen;
        this.ending = ending;
        begun = opened = Open(client, request);
    }

    internal Task Opened { get { return opened; } }

    /// <summary>Whether nothing can be said any more.</summary>
    internal bool IsOver { get { return isOver; } }

    /// <summary>The conversation; null where there is none, which was shown then.</summary>
    async Task<Conversation> Open(ChatClient client, Request request)
    {
        try
        {
            Conversation conversation = await WithFiller(client.CreateAsync(request, ending));
            screen.Show(Number, "agent", conversation.Greeting.Response);
            return conversation;
        }
        catch (Exception problem) when (problem is IChatError)
        {
            Failed((IChatError)problem);
            isOver = true;
            return null;
        }
    }

    /// <summary>A task that is done when the reply, or why there is none, has been shown.</summary>
    internal Task Say(string text)
    {
        return InOrder(conversation => conversation.Start(text, null, ending), Replied);
    }

    async Task Replied(Turn<Reply> turn)
    {
        Reply reply = await WithFiller(turn.AsTask());
        screen.Show(Number, "agent", reply.Response);
        if (reply.Handoff != null)
        {
            screen.Show(Number, "handoff", (reply.Handoff.Destination ?? "somewhere") + ", " + (reply.Handoff.Reason ?? "no reason given"));
        }
        if (reply.EndConversation)
        {
            isOver = true;
            screen.Show(Number, "over", "the agent has ended it");
        }
    }

    /// <summary>Closes the conversation where that is still of use.</summary>
    internal Task Close()
    {
        isOver = true;
        return InOrder(conversation => conversation.StartCloseIfOpen(), async turn =>
        {
            if (await turn.AsTask() != null)
            {
                screen.Show(Number, "over", "closed");
            }
        });
    }

    /// <summary>Begins a call when all before it have begun, or have failed to.</summary>
    async Task InOrder<T>(Func<Conversation, Turn<T>> start, Func<Turn<T>, Task> finish) where T : class
    {
        // Those that follow go on elsewhere: however many there are, they do not pile up on one stack.
        TaskCompletionSource<bool> mine = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        Task before;
        lock (gate)
        {
            before = begun;
            begun = mine.Task;
        }
        Turn<T> turn = null;
        try
        {
            await before;
            Conversation conversation = await opened;
            turn = conversation == null ? null : start(conversation);
        }
        catch (Exception problem) when (problem is IChatError)
        {
            Failed((IChatError)problem);
        }
        finally
        {
            mine.TrySetResult(true);
        }
        try
        {
            if (turn != null)
            {
                await finish(turn);
            }
        }
        catch (Exception problem) when (problem is IChatError)
        {
            Failed((IChatError)problem);
        }
    }

    /// <summary>Shows that somebody is waiting, again and again, until a task is done.</summary>
    async Task<T> WithFiller<T>(Task<T> task)
    {
        while (await Task.WhenAny(task, Task.Delay(FillerAfter)) != task)
        {
            screen.Show(Number, "wait", "one moment, please");
        }
        return await task;
    }

    void Failed(IChatError problem)
    {
        isOver = isOver || problem.Kind == ErrorKind.ConversationEnded;
        string advice = isOver ? "it is over" : problem.MayResend ? "say it again" : "the agent may have heard it";
        screen.Show(Number, "failed", problem.KindName + ", " + advice + ": " + problem.Explanation);
    }
}
