//! Log lines.

use serde_json::Value;
use testkit::Backend;
use testkit::store::Store;

use crate::binary::{self, Binary};
use crate::day;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn log_lines_name_the_request_and_no_secret() {
    let store = Store::new(Backend::Sqlite).await;
    let sutler = Binary::serve(
        &store,
        &[
            ("LOG_FORMAT", "json"),
            ("LOG_FILTER", binary::EVERYTHING),
            ("RATE_LIMIT_CHECKOUT", "3/h"),
        ],
    )
    .await;
    let secrets = day::live(&sutler).await;
    let log = sutler.stop().await;
    secrets.assert_absent(&log);

    let lines: Vec<Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("no JSON: {line}")))
        .collect();
    requests_are_named(&lines);
    jobs_are_named(&lines);
    let refused = of(&lines, "too many requests");
    assert!(!refused.is_empty(), "{lines:#?}");
    assert_eq!(refused[0]["limit"], "checkout");
    assert_eq!(refused[0]["span"]["route"], "/api/checkout");
    // Nothing of a request goes without its id.
    for line in &lines {
        let ours = ["api", "accounts", "catalog", "orders"];
        let target = line["target"].as_str().unwrap_or_default();
        if ours.iter().any(|name| target.starts_with(name)) {
            let id = &line["span"]["request_id"];
            assert!(id.as_str().is_some_and(|id| !id.is_empty()), "{line}");
        }
    }
}

fn of<'a>(lines: &'a [Value], message: &str) -> Vec<&'a Value> {
    let of_message = |line: &&Value| line["message"] == message;
    lines.iter().filter(of_message).collect()
}

fn requests_are_named(lines: &[Value]) {
    let answered = of(lines, "answered");
    assert!(answered.len() > 15, "{lines:#?}");
    for line in &answered {
        let span = &line["span"];
        assert_eq!(span["name"], "request", "{line}");
        for field in ["request_id", "method", "route"] {
            assert!(
                span[field].as_str().is_some_and(|text| !text.is_empty()),
                "no {field}: {line}"
            );
        }
    }
    let me = answered
        .iter()
        .find(|line| line["span"]["route"] == "/api/auth/me");
    let me = &me.expect("a line of /api/auth/me")["span"];
    assert!(
        me["user"].as_str().is_some_and(|id| id.starts_with("usr_")),
        "{me}"
    );
    assert!(
        me["tenant"]
            .as_str()
            .is_some_and(|id| id.starts_with("ten_")),
        "{me}"
    );
}

fn jobs_are_named(lines: &[Value]) {
    let done = of(lines, "job done");
    assert!(done.len() >= 3, "{lines:#?}");
    for line in &done {
        for field in ["job_id", "kind", "tenant", "request_id"] {
            assert!(
                line["span"][field]
                    .as_str()
                    .is_some_and(|text| !text.is_empty()),
                "{line}"
            );
        }
    }
    // A job goes by the id of the request that caused it.
    let confirmation = done
        .iter()
        .find(|line| line["span"]["kind"] == "orders.send_confirmation");
    assert!(confirmation.is_some(), "{lines:#?}");
}
