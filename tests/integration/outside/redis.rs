//! Rate limits that nodes share in Redis.

use std::time::{Duration, Instant};

use testkit::programs::Redis;
use testkit::{App, Backend, Client};

use crate::rate_limits::{left, try_login};

/// Two nodes of one installation that count in the same Redis.
async fn nodes(redis: &Redis) -> (App, App) {
    let url = redis.url();
    let settings = [
        ("REDIS_URL", url.as_str()),
        ("RATE_LIMIT_ENABLED", "true"),
        ("RATE_LIMIT_LOGIN", "10/h"),
        ("HTTP_TRUSTED_PROXIES", "127.0.0.0/8"),
    ];
    let first = App::with(Backend::Sqlite, &settings).await;
    let second = first.another(&settings).await;
    (first, second)
}

/// How many of so many tries are let through, in turns by each node.
async fn let_through(nodes: &[&Client], address: &str, tries: usize) -> usize {
    let mut allowed = 0;
    for n in 0..tries {
        let answer = try_login(nodes[n % nodes.len()], address).await;
        match answer.status {
            422 => allowed += 1,
            429 => {}
            _ => panic!("{}", answer.describe()),
        }
    }
    allowed
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_share_their_limits() {
    let redis = Redis::start().await;
    let (first, second) = nodes(&redis).await;
    let both = [&first.client, &second.client];
    assert_eq!(let_through(&both, "192.0.2.1", 24).await, 10);
    assert_eq!(let_through(&both, "192.0.2.2", 24).await, 10);
    let refused = try_login(&second.client, "192.0.2.1").await;
    assert_eq!(refused.status, 429);
    let wait: u64 = refused.header("retry-after").parse().expect("seconds");
    assert!((300..=360).contains(&wait), "{wait}");
}

/// Users shall be served though Redis is away: each node then counts for
/// itself, and they count together again when Redis is back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_redis_each_node_counts_for_itself() {
    let mut redis = Redis::start().await;
    let (first, second) = nodes(&redis).await;
    let both = [&first.client, &second.client];
    assert_eq!(let_through(&both, "192.0.2.1", 4).await, 4);

    redis.0.kill();
    let started = Instant::now();
    assert_eq!(let_through(&both, "192.0.2.2", 30).await, 20);
    let each = started.elapsed() / 30;
    assert!(each < Duration::from_secs(1), "a request took {each:?}");

    redis.0.run().await;
    let started = Instant::now();
    for n in 0.. {
        let address = format!("198.51.100.{n}");
        let here = try_login(&first.client, &address).await;
        let there = try_login(&second.client, &address).await;
        if (left(&here), left(&there)) == (9, 8) {
            return;
        }
        assert!(
            started.elapsed() < Duration::from_secs(30),
            "they do not count together again"
        );
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}
