//! Attempts and counters as JSON, with the same names in every language.

use super::log_line::LogLine;
use super::metrics::{Metrics, OperationMetrics};
use crate::model::{Attempt, Delivery, ErrorKind};
use serde_json::{Map, Value};
use std::time::{Duration, UNIX_EPOCH};

impl Attempt {
    /// All of it as a JSON object. Times end in their unit; what is not known is `null`. Since 0.1.0.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let started_at = self.started_at.duration_since(UNIX_EPOCH);
        object([
            ("serial", number(self.serial)),
            ("number", number(self.number)),
            ("operation", self.operation.to_string().into()),
            ("correlation_id", (&*self.correlation_id).into()),
            (
                "started_at_unix_ms",
                started_at.map(milliseconds).unwrap_or_default().into(),
            ),
            ("elapsed_us", of_duration(Some(self.elapsed))),
            ("phase", self.phase.name().into()),
            ("kind", self.kind.map(ErrorKind::name).into()),
            ("delivery", self.delivery.map(Delivery::name).into()),
            ("status", self.status.into()),
            ("outcome", self.outcome.as_str().into()),
            ("is_retried", self.is_retried.into()),
            (
                "address",
                self.address.map(|address| address.to_string()).into(),
            ),
            ("reused_connection", self.reused_connection.into()),
            ("resolve_us", of_duration(self.resolve)),
            ("connect_us", of_duration(self.connect)),
            ("proxy_us", of_duration(self.proxy)),
            ("tls_us", of_duration(self.tls)),
            ("send_us", of_duration(self.send)),
            ("wait_us", of_duration(self.wait)),
            ("read_us", of_duration(self.read)),
            ("bytes_sent", number(self.bytes_sent)),
            ("bytes_received", number(self.bytes_received)),
        ])
    }
}

impl LogLine {
    /// All of it as a JSON object. Since 0.1.0.
    #[must_use]
    pub fn to_json(&self) -> Value {
        object([
            ("serial", number(self.serial)),
            ("level", self.level.name().into()),
            ("text", self.text.as_str().into()),
        ])
    }
}

impl Metrics {
    /// All of it as a JSON object. Times end in their unit. Since 0.1.0.
    #[must_use]
    pub fn to_json(&self) -> Value {
        object([
            ("create", self.create.to_json()),
            ("respond", self.respond.to_json()),
            ("close", self.close.to_json()),
            ("attempts", number(self.attempts)),
            ("retries", number(self.retries)),
            ("reused_connections", number(self.reused_connections)),
            ("opened_connections", number(self.opened_connections)),
            ("bytes_sent", number(self.bytes_sent)),
            ("bytes_received", number(self.bytes_received)),
            ("calls_in_flight", self.calls_in_flight.into()),
            ("idle_connections", self.idle_connections.into()),
            ("retries_left", number(self.retries_left)),
            ("breaker", self.breaker.name().into()),
        ])
    }
}

impl OperationMetrics {
    /// All of it as a JSON object. A latency bucket without `up_to_ms` holds what took longer than all others. Since 0.1.0.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let failures: Map<String, Value> = self
            .failures
            .iter()
            .map(|(kind, count)| (kind.name().to_owned(), number(*count)))
            .collect();
        let latency: Vec<Value> = self
            .latency_ms
            .iter()
            .map(|(bound, count)| {
                object([("up_to_ms", (*bound).into()), ("calls", number(*count))])
            })
            .collect();
        object([
            ("calls", number(self.calls)),
            ("failures", failures.into()),
            ("latency_sum_us", of_duration(Some(self.latency_sum))),
            ("latency", latency.into()),
        ])
    }
}

pub(super) fn object<const COUNT: usize>(fields: [(&str, Value); COUNT]) -> Value {
    object_of(fields.into_iter().collect())
}

#[inline(never)]
fn object_of(fields: Vec<(&str, Value)>) -> Value {
    let mut object = Map::new();
    for (name, value) in fields {
        object.insert(name.to_owned(), value);
    }
    object.into()
}

#[inline(never)]
fn number(number: u64) -> Value {
    number.into()
}

#[inline(never)]
fn of_duration(duration: Option<Duration>) -> Value {
    duration.map_or(Value::Null, |duration| number(microseconds(duration)))
}

pub(super) fn microseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

pub(super) fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Operation, Phase};
    use std::time::SystemTime;

    #[test]
    fn an_attempt_says_what_it_knows_and_null_for_the_rest() {
        let attempt = Attempt {
            serial: 9,
            number: 2,
            operation: Operation::Respond,
            correlation_id: "abc".into(),
            started_at: UNIX_EPOCH + Duration::from_millis(1_234),
            elapsed: Duration::from_micros(5_678),
            phase: Phase::Headers,
            kind: Some(ErrorKind::Timeout),
            delivery: Some(Delivery::Unknown),
            status: None,
            outcome: "too late".to_owned(),
            is_retried: false,
            address: Some(([127, 0, 0, 1], 443).into()),
            reused_connection: true,
            resolve: None,
            connect: None,
            proxy: None,
            tls: None,
            send: Some(Duration::from_micros(9)),
            wait: None,
            read: None,
            bytes_sent: 10,
            bytes_received: 0,
        };
        let json = attempt.to_json();
        assert_eq!(json["started_at_unix_ms"], 1_234);
        assert_eq!(json["elapsed_us"], 5_678);
        assert_eq!(json["kind"], "timeout");
        assert_eq!(json["delivery"], "unknown");
        assert_eq!(json["address"], "127.0.0.1:443");
        assert_eq!(json["send_us"], 9);
        assert!(json["status"].is_null() && json["tls_us"].is_null());
        let early = Attempt {
            started_at: SystemTime::UNIX_EPOCH - Duration::from_secs(1),
            ..attempt
        };
        assert_eq!(early.to_json()["started_at_unix_ms"], 0);
    }

    #[test]
    fn counters_name_operations_and_kinds_of_failures() {
        let metrics = Metrics {
            respond: OperationMetrics {
                calls: 3,
                failures: vec![(ErrorKind::Busy, 2)],
                latency_sum: Duration::from_millis(7),
                latency_ms: vec![(Some(1), 1), (None, 2)],
            },
            ..Metrics::default()
        };
        let json = &metrics.to_json()["respond"];
        assert_eq!(json["failures"]["busy"], 2);
        assert_eq!(json["latency_sum_us"], 7_000);
        assert_eq!(json["latency"][0]["up_to_ms"], 1);
        assert!(json["latency"][1]["up_to_ms"].is_null());
    }
}
