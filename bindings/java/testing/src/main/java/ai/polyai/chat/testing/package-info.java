// SPDX-License-Identifier: Apache-2.0 OR MIT
/** A double of the service for tests with JUnit 5: {@link ai.polyai.chat.testing.PolyAiSimulator}. */
package ai.polyai.chat.testing;
