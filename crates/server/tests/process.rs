//! The binary as an outside process: a purchase, and what outlasts SIGKILL.
//! The long forms are `make demo` and `make crash`.

mod subscription_steps;
mod top_up_steps;

use std::path::Path;

use driver::installation::Backend::{self, Postgres, Sqlite};
use driver::{crash, demo};
use rstest::rstest;
use testkit::seed;

const SUTLER: &str = env!("CARGO_BIN_EXE_sutler");

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_demonstration_sells_something(#[values(Sqlite, Postgres)] backend: Backend) {
    demo::run(Path::new(SUTLER), backend)
        .await
        .expect("a purchase from end to end");
}

/// `CRASH_SEED` replays a failure.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_when_the_process_is_killed(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let seed = seed::number("CRASH_SEED").unwrap_or(42);
    let options = crash::Options {
        rounds: 4,
        buyers: 6,
        seed,
        kill_postgres: false,
    };
    let seen = crash::run(Path::new(SUTLER), backend, &options)
        .await
        .expect("a run");
    println!("seed {seed}: {seen:?}");
    assert_eq!(seen.anomalies, Vec::<String>::new());
    assert_eq!(seen.kills, options.rounds);
    assert!(seen.orders > 0, "nobody bought anything: {seen:?}");
}

/// Of what is paid, nothing is lost and nothing is credited twice, whichever
/// step of a top-up is the last one. `CRASH_ROUNDS` kills at each step more
/// often.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_top_up_survives_being_killed_between_any_two_steps(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let rounds = seed::number("CRASH_ROUNDS").unwrap_or(1);
    let seed = seed::number("CRASH_SEED").unwrap_or(42);
    let kills = top_up_steps::run(Path::new(SUTLER), backend, rounds, seed)
        .await
        .expect("nothing is lost or doubled");
    println!("{backend:?}: killed {kills} times");
}

/// Nothing is charged twice or for nothing, and no unit of a quota is lost,
/// whichever statement of subscribing or of renewing is the last one.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_subscription_survives_being_killed_between_any_two_statements(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let kills = subscription_steps::run(Path::new(SUTLER), backend)
        .await
        .expect("nothing is lost or doubled");
    println!("{backend:?}: killed {kills} times");
}
