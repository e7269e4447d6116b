//! `sutler doctor`.

use std::net::TcpListener;

use sqlx::Executor as _;
use testkit::Backend;
use testkit::programs::free_port;
use testkit::store::Store;

use super::{run, sutler};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_doctor_tries_what_is_configured() {
    let store = Store::new(Backend::Sqlite).await;
    let nobody = format!("127.0.0.1:{}", free_port());
    let (smtp, redis) = (format!("smtp://{nobody}"), format!("redis://{nobody}"));
    let (nats, otlp) = (format!("nats://{nobody}"), format!("http://{nobody}"));
    let sentry = format!("http://a-key-of-tests@{nobody}/1");
    let s3 = format!("http://{nobody}");
    let settings = [
        ("MAIL_TRANSPORT", "smtp"),
        ("SMTP_URL", smtp.as_str()),
        ("REDIS_URL", redis.as_str()),
        ("NATS_URL", nats.as_str()),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", otlp.as_str()),
        ("SENTRY_DSN", sentry.as_str()),
        ("MEDIA_STORE", "s3"),
        ("S3_ENDPOINT", s3.as_str()),
        ("S3_BUCKET", "pictures"),
        ("S3_ACCESS_KEY_ID", "a-key-id"),
        ("S3_SECRET_ACCESS_KEY", "a-key-of-tests"),
    ];
    let (good, said) = run(sutler(&store, &["doctor"], &settings)).await;
    assert!(!good, "{said}");
    for variable in [
        "S3_ENDPOINT",
        "SMTP_URL",
        "REDIS_URL",
        "NATS_URL",
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        "SENTRY_DSN",
    ] {
        let found = said.lines().any(|line| line.contains(variable));
        assert!(found, "{variable} is missing in:\n{said}");
    }
    assert_eq!(said.matches('✗').count(), 6, "{said}");
    assert!(!said.contains("a-key-of-tests"), "{said}");

    // Where somebody listens, nothing is wrong.
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("an address");
    let otlp = format!("http://{address}");
    let sentry = format!("http://a-key-of-tests@{address}/1");
    let settings = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", otlp.as_str()),
        ("SENTRY_DSN", sentry.as_str()),
    ];
    let (good, said) = run(sutler(&store, &["doctor"], &settings)).await;
    assert!(good, "{said}");
    assert!(said.contains("✓ the clock says "), "{said}");
    assert!(said.contains("✓ pictures: into "), "{said}");
    assert!(said.contains("the OTLP receiver answers"), "{said}");
    assert!(said.contains("Sentry answers"), "{said}");
}

#[tokio::test]
async fn the_doctor_creates_nothing() {
    let store = Store::empty(Backend::Sqlite).await;
    let folder = store.folder().join("nowhere");
    let url = format!("sqlite://{}", folder.join("shop/sutler.db").display());
    let settings = [
        ("DATA_DIR", folder.to_str().expect("a path")),
        ("DATABASE_URL", url.as_str()),
    ];
    let (good, said) = run(sutler(&store, &["doctor"], &settings)).await;
    assert!(good, "{said}");
    for place in ["secret_key", "shop/sutler.db", "mail"] {
        let found = said.lines().any(|line| {
            line.contains(place) && line.contains("will be created at the first start")
        });
        assert!(found, "{place} is missing in:\n{said}");
    }
    let made = std::fs::read_dir(store.folder()).expect("a folder").count();
    assert_eq!(made, 0, "{said}");
}

#[tokio::test]
async fn the_doctor_tells_an_empty_database_from_one_it_may_not_read() {
    // It also makes the role of the application.
    let store = Store::new(Backend::Postgres).await;
    let empty = Store::empty(Backend::Postgres).await;
    let (good, said) = run(sutler(&empty, &["doctor"], &[])).await;
    assert!(good && said.contains("the database is empty"), "{said}");

    let (good, said) = run(sutler(&store, &["doctor"], &[])).await;
    assert!(good && said.contains("migrations are up to date"), "{said}");
    let role = "sutler_test";
    let mut superuser = store.superuser().await;
    for what in ["ALL TABLES IN SCHEMA public", "SCHEMA public"] {
        let sql = format!("REVOKE ALL ON {what} FROM PUBLIC, {role}");
        let sql = sqlx::AssertSqlSafe(sql);
        superuser.execute(sql).await.expect("no more rights");
        let (good, said) = run(sutler(&store, &["doctor"], &[])).await;
        assert!(!good, "{said}");
        assert!(said.contains("may not read the tables"), "{said}");
        assert!(said.contains("DATABASE_OWNER_URL"), "{said}");
    }
    let (good, said) = run(sutler(&store, &["migrate", "up"], &[])).await;
    assert!(good, "{said}");
    let (good, said) = run(sutler(&store, &["doctor"], &[])).await;
    assert!(good && said.contains("migrations are up to date"), "{said}");
}

#[tokio::test]
async fn the_doctor_does_not_blame_the_password_for_a_timeout() {
    let store = Store::empty(Backend::Sqlite).await;
    // Connections are made, and nobody ever answers.
    let silent = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = silent.local_addr().expect("an address");
    let url = format!("postgres://shop:a-password-of-tests@{address}/shop");
    let settings = [
        ("DATABASE_URL", url.as_str()),
        ("DATABASE_ACQUIRE_TIMEOUT", "200ms"),
    ];
    let (good, said) = run(sutler(&store, &["doctor"], &settings)).await;
    assert!(!good, "{said}");
    assert!(said.contains("DATABASE_ACQUIRE_TIMEOUT (200ms)"), "{said}");
    assert!(!said.contains("password"), "{said}");
}

#[tokio::test]
async fn a_database_in_memory_is_refused() {
    let store = Store::empty(Backend::Sqlite).await;
    let settings = [("DATABASE_URL", "sqlite::memory:")];
    for command in ["doctor", "serve"] {
        let (good, said) = run(sutler(&store, &[command], &settings)).await;
        assert!(!good, "{command}: {said}");
        assert!(said.contains("a database in memory"), "{said}");
        assert!(said.contains("name a file"), "{said}");
    }
}
