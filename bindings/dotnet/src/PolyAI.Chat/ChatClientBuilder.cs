// SPDX-License-Identifier: Apache-2.0 OR MIT
using System;
using System.Collections.Generic;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace PolyAI.Chat
{
    /// <summary>Collects the options of a client. What is set here beats the environment and profiles; nothing else reads them. For one
    /// thread at a time. It can make any number of clients. Wrong values are refused by <see cref="Build"/>.</summary>
    /// <remarks>Since 0.1.0.</remarks>
    public sealed partial class ChatClientBuilder
    {
        private readonly List<Action<ConfigHandle>> steps = new List<Action<ConfigHandle>>();

        /// <summary>Sets an option by its name in the table of options.</summary>
        /// <param name="name">The name, such as <c>timeout_ms</c>.</param>
        /// <param name="value">The value as text; times and sizes are in the unit that the name ends in.</param>
        /// <returns>This object.</returns>
        /// <remarks>Since 0.1.0.</remarks>
        public ChatClientBuilder Option(string name, string value)
        {
            return Set(name, value);
        }

        /// <summary>Reads the environment variables <c>POLYAI_...</c> when the client is made. An empty one counts as not set.</summary>
        /// <returns>This object.</returns>
        /// <remarks>.NET keeps a copy of the environment: the library sees the variables that the process was started with, not those
        /// that <c>Environment.SetEnvironmentVariable</c> has set. Since 0.1.0.</remarks>
        public ChatClientBuilder Environment()
        {
            steps.Add(config =>
            {
                ErrorHandle error;
                Failure.Check(Raw.polyai_config_load_environment(config, out error), error);
            });
            return this;
        }

        /// <summary>Reads a profile of a configuration file when the client is made.</summary>
        /// <param name="profile">The name of the profile; null for <c>default</c>.</param>
        /// <param name="file">The path of the file; null for that of <c>$POLYAI_CONFIG_FILE</c>, else
        /// <c>$XDG_CONFIG_HOME/polyai/config.toml</c>, else <c>~/.config/polyai/config.toml</c>.</param>
        /// <returns>This object.</returns>
        /// <remarks>Since 0.1.0.</remarks>
        public ChatClientBuilder Profile([AllowNull] string profile = null, [AllowNull] string file = null)
        {
            steps.Add(config =>
            {
                Utf8 name = new Utf8(profile), path = new Utf8(file);
                ErrorHandle error;
                uint status = Raw.polyai_config_load_profile(config, name.Bytes, name.Length, path.Bytes, path.Length, out error);
                Failure.Check(status, error);
            });
            return this;
        }

        /// <summary>Has a delegate called with a line for a log after every attempt of a call. Keys, tokens and messages are hidden in
        /// it.</summary>
        /// <param name="log">Is called on the thread of the call, which for a started or asynchronous call is one of the library's, and from
        /// several threads at the same time. It must not take long. An exception that it throws is dropped.</param>
        /// <returns>This object.</returns>
        /// <remarks>Since 0.1.0.</remarks>
        public ChatClientBuilder Log(Action<LogLevel, string> log)
        {
            if (log == null)
            {
                throw new ArgumentNullException(nameof(log));
            }
            steps.Add(config =>
            {
                ErrorHandle error;
                uint status = Raw.polyai_config_set_log_callback(
                    config, Callbacks.Log, Callbacks.Keep(log), Callbacks.Release, out error);
                Failure.Check(status, error);
            });
            return this;
        }

        /// <summary>Has a delegate called with what is known of each attempt of a call, as a JSON object, when it has ended.</summary>
        /// <param name="attempt">As the delegate of <see cref="Log"/>.</param>
        /// <returns>This object.</returns>
        /// <remarks>Since 0.1.0.</remarks>
        public ChatClientBuilder Attempts(Action<string> attempt)
        {
            if (attempt == null)
            {
                throw new ArgumentNullException(nameof(attempt));
            }
            steps.Add(config =>
            {
                ErrorHandle error;
                uint status = Raw.polyai_config_set_attempt_callback(
                    config, Callbacks.Attempt, Callbacks.Keep(attempt), Callbacks.Release, out error);
                Failure.Check(status, error);
            });
            return this;
        }

        /// <summary>Makes a client. Blocks while the files that the options name are read; opens no socket and starts no thread.</summary>
        /// <returns>The client.</returns>
        /// <exception cref="ChatConfigurationException">An option is missing or wrong; the message says which, where it came from, and what
        /// would be right.</exception>
        /// <exception cref="ChatInvalidArgumentException">There is no option of a name.</exception>
        /// <exception cref="NativeLibraryException">The native library cannot be used.</exception>
        /// <remarks>Since 0.1.0.</remarks>
        public ChatClient Build()
        {
            using (ConfigHandle config = Config())
            {
                ClientHandle client;
                ErrorHandle error;
                uint status = Raw.polyai_client_new(config, out client, out error);
                Failure.Check(status, error);
                return new ChatClient(client, false);
            }
        }

        /// <summary>For <see cref="ChatClient.Shared"/>.</summary>
        internal ChatClient Shared()
        {
            using (ConfigHandle config = Config())
            {
                ClientHandle client;
                ErrorHandle error;
                uint status = Raw.polyai_client_shared(config, out client, out error);
                Failure.Check(status, error);
                return new ChatClient(client, true);
            }
        }

        /// <summary>The effective value of each option and its source, as a JSON array of objects: <c>name</c>, <c>value</c> (null when not
        /// set; <c>set</c> for a secret), <c>origin</c>. Blocks while a profile is read.</summary>
        /// <returns>The JSON.</returns>
        /// <exception cref="ChatException">As <see cref="Build"/>.</exception>
        /// <exception cref="NativeLibraryException">The native library cannot be used.</exception>
        /// <remarks>Since 0.1.0.</remarks>
        public string DescribeJson()
        {
            using (ConfigHandle config = Config())
            {
                return Text.Written((byte[] buffer, UIntPtr capacity, out UIntPtr length, out ErrorHandle error) =>
                    Raw.polyai_config_describe_json(config, buffer, capacity, out length, out error));
            }
        }

        private ConfigHandle Config()
        {
            ChatLibrary.Check();
            ConfigHandle config = Raw.polyai_config_new();
            try
            {
                foreach (Action<ConfigHandle> step in steps)
                {
                    step(config);
                }
                return config;
            }
            catch
            {
                config.Dispose();
                throw;
            }
        }

        private ChatClientBuilder Set(string name, string value)
        {
            steps.Add(config =>
            {
                Utf8 option = new Utf8(name), text = new Utf8(value);
                ErrorHandle error;
                uint status = Raw.polyai_config_set(config, option.Bytes, option.Length, text.Bytes, text.Length, out error);
                Failure.Check(status, error);
            });
            return this;
        }

        private ChatClientBuilder Set(string name, long value)
        {
            return Set(name, value.ToString(CultureInfo.InvariantCulture));
        }

        private ChatClientBuilder Set(string name, bool value)
        {
            return Set(name, value ? "true" : "false");
        }

        private ChatClientBuilder Set(string name, TimeSpan value)
        {
            return Set(name, Times.Milliseconds(value).ToString(CultureInfo.InvariantCulture));
        }
    }
}
