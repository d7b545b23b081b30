//! Attempts and counters as JSON, with the same names in every language.

use super::metrics::{Metrics, OperationMetrics};
use crate::model::{Attempt, Delivery, ErrorKind};
use serde_json::{Map, Value, json};
use std::time::{Duration, UNIX_EPOCH};

impl Attempt {
    /// All of it as a JSON object. Times end in their unit; what is not known is `null`. Since 0.1.0.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({
            "number": self.number,
            "operation": self.operation.to_string(),
            "correlation_id": &*self.correlation_id,
            "started_at_unix_ms": self.started_at.duration_since(UNIX_EPOCH).map(milliseconds).unwrap_or_default(),
            "elapsed_us": microseconds(self.elapsed),
            "phase": self.phase.name(),
            "kind": self.kind.map(ErrorKind::name),
            "delivery": self.delivery.map(Delivery::name),
            "status": self.status,
            "outcome": self.outcome,
            "address": self.address.map(|address| address.to_string()),
            "reused_connection": self.reused_connection,
            "resolve_us": self.resolve.map(microseconds),
            "connect_us": self.connect.map(microseconds),
            "proxy_us": self.proxy.map(microseconds),
            "tls_us": self.tls.map(microseconds),
            "send_us": self.send.map(microseconds),
            "wait_us": self.wait.map(microseconds),
            "read_us": self.read.map(microseconds),
            "bytes_sent": self.bytes_sent,
            "bytes_received": self.bytes_received,
        })
    }
}

impl Metrics {
    /// All of it as a JSON object. Times end in their unit. Since 0.1.0.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({
            "create": self.create.to_json(),
            "respond": self.respond.to_json(),
            "close": self.close.to_json(),
            "attempts": self.attempts,
            "retries": self.retries,
            "reused_connections": self.reused_connections,
            "opened_connections": self.opened_connections,
            "bytes_sent": self.bytes_sent,
            "bytes_received": self.bytes_received,
            "calls_in_flight": self.calls_in_flight,
            "idle_connections": self.idle_connections,
            "retries_left": self.retries_left,
            "breaker": self.breaker.name(),
        })
    }
}

impl OperationMetrics {
    /// All of it as a JSON object. A latency bucket without `up_to_ms` holds what took longer than all others. Since 0.1.0.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let failures: Map<String, Value> = self
            .failures
            .iter()
            .map(|(kind, count)| (kind.name().to_owned(), (*count).into()))
            .collect();
        let latency: Vec<Value> = self
            .latency_ms
            .iter()
            .map(|(bound, count)| json!({ "up_to_ms": bound, "calls": count }))
            .collect();
        json!({
            "calls": self.calls,
            "failures": failures,
            "latency_sum_us": microseconds(self.latency_sum),
            "latency": latency,
        })
    }
}

fn microseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

fn milliseconds(duration: Duration) -> u64 {
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
