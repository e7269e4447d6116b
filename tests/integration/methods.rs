//! What a path does not know: a method it is not asked with.

use std::collections::BTreeSet;

use reqwest::Method;
use testkit::{App, Backend};

const METHODS: [Method; 5] = [
    Method::GET,
    Method::POST,
    Method::PUT,
    Method::PATCH,
    Method::DELETE,
];

/// Of all paths, those too that lie where others have a parameter.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_method_that_a_path_does_not_know_is_refused() {
    let app = App::start(Backend::Sqlite).await;
    let document = app.client.get("/api/openapi.json").expect(200).await.body;
    let paths = document["paths"].as_object().expect("paths");
    let mut refused = 0;
    for (path, item) in paths {
        let is_known = |method: &&Method| item.get(method.as_str().to_lowercase()).is_some();
        let (known, others): (Vec<_>, Vec<_>) = METHODS.iter().partition(is_known);
        let mut allowed: BTreeSet<&str> = known.into_iter().map(Method::as_str).collect();
        if allowed.contains("GET") {
            allowed.insert("HEAD");
        }
        allowed.insert("OPTIONS");
        let allowed = Vec::from_iter(allowed).join(", ");
        let asked: Vec<&str> = path
            .split('/')
            .map(|part| if part.starts_with('{') { "x" } else { part })
            .collect();
        for method in others {
            let call = app.client.call(method.clone(), &asked.join("/"));
            let answer = call.refused(405, "request.method_not_allowed").await;
            assert_eq!(answer.header("allow"), allowed, "{method} {path}");
            refused += 1;
        }
    }
    assert!(refused > paths.len(), "{refused}");
}
