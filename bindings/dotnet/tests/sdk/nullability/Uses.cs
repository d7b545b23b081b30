// SPDX-License-Identifier: Apache-2.0 OR MIT
using System;
using System.Collections.Generic;
using System.Threading;
using System.Threading.Tasks;
using PolyAI.Chat;

/// <summary>The compiler must warn of the lines that end in <c>// warns</c>, with this code, and of no other.</summary>
public static class Uses
{
    public static int Replies(Reply reply, Greeting greeting)
    {
        int length = reply.Response.Length + reply.ConversationId.Length + reply.CorrelationId.Length + reply.RawJson.Length;
        length += greeting.UserId.Length; // warns CS8602
        length += reply.Handoff.Json.Length; // warns CS8602
        if (reply.Handoff != null)
        {
            length += reply.Handoff.Json.Length;
            length += reply.Handoff.Destination.Length; // warns CS8602
            length += reply.Handoff.Reason.Length; // warns CS8602
            length += (reply.Handoff.Reason ?? "").Length;
        }
        length += reply.Headers.Values("date").Count + reply.Headers[0].Value.Length;
        return length + reply.Headers.First("date").Length; // warns CS8602
    }

    public static int Errors(IChatError error, ChatException problem, ChatCanceledException canceled)
    {
        int length = error.Explanation.Length + error.AttemptsJson.Length + problem.KindName.Length + canceled.ToJson().Length;
        length += error.ErrorCode.Length; // warns CS8602
        length += error.ServiceMessage.Length; // warns CS8602
        length += problem.CorrelationId.Length; // warns CS8602
        length += problem.BodyExcerpt.Length; // warns CS8602
        return length + canceled.SystemCause.Length; // warns CS8602
    }

    public static async Task<bool> Calls(ChatClient client, Conversation talk, CancellationToken token)
    {
        Request? request = null;
        string? message = null, id = null;
        talk.Respond(message, request, token);
        await talk.RespondAsync(message, token);
        client.Respond("an id", message, request, token);
        client.Respond(id, message); // warns CS8604
        client.Create(request);
        client.Create();
        client.Attach(null); // warns CS8625
        talk.Start(null).Result().Response.Trim();
        client.StartCreate().Result().Id.Trim();
        bool wasOver = (await talk.CloseAsync()).WasOver;
        wasOver |= (await talk.CloseIfOpenAsync()).WasOver; // warns CS8602
        wasOver |= talk.StartCloseIfOpen().Result().WasOver; // warns CS8602
        return wasOver && client.StartWarmUp(TimeSpan.Zero).Result().CorrelationId != ""; // warns CS8602
    }

    public static int Options(ChatClientBuilder builder, IDictionary<string, string> options)
    {
        ChatClient client = ChatClient.FromProfile();
        ChatClient.FromProfile(null, null);
        ChatClient.FromOptions(null); // warns CS8625
        builder.Profile("desk").Profile(null).Option("timeout_ms", "1").ApiKey("key");
        builder.ApiKey(null); // warns CS8625
        builder.Option("token", null); // warns CS8625
        builder.Log(null); // warns CS8625
        new Request { ["customer_name"] = null }.Message("hello"); // warns CS8625
        new Request().MetadataJson(null); // warns CS8625
        return client.BaseUrl.Length + ChatLibrary.Version.Length + options.Count
            + client.Proxy.Length; // warns CS8602
    }
}
