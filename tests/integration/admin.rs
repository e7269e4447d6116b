//! What those who run a shop see of background work, people and settings.

use std::time::Duration;

use kernel::{Fault, Job};
use rstest::rstest;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::client::Call;
use testkit::shop::{Tenant, eur};
use testkit::{Answer, App};

/// A job that nobody handles.
#[derive(Serialize, Deserialize)]
struct Orphan {
    what: String,
}

impl Job for Orphan {
    const KIND: &'static str = "tests.orphan";
    const MAX_ATTEMPTS: u32 = 3;
}

async fn enqueue(app: &App, tenant: &Tenant, what: &str) -> Result<String, Fault> {
    let tx = app.begin_in(tenant).await;
    let what = what.to_owned();
    let job = app.sutler.queue.enqueue(&tx, &Orphan { what }).await?;
    tx.commit().await?;
    Ok(job.to_string())
}

fn get(app: &App, tenant: &Tenant, path: &str) -> Call {
    let path = format!("/api/admin/{path}");
    app.client.get(&path).bearer(&tenant.key)
}

fn act(app: &App, tenant: &Tenant, job: &str, action: &str) -> Call {
    let path = format!("/api/admin/jobs/{job}/{action}");
    app.client.post(&path, &Value::Null).bearer(&tenant.key)
}

async fn lag(app: &App, tenant: &Tenant) -> Value {
    get(app, tenant, "jobs/lag").expect(200).await.body
}

/// What fails for ever becomes a dead letter, which can be tried again or
/// thrown away; another tenant sees nothing of it.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn dead_letters_are_retried_and_discarded(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    app.drain().await;
    let job = enqueue(&app, tenant, "letter").await.expect("a job");
    let waiting = get(&app, tenant, &format!("jobs/{job}")).expect(200).await;
    assert_eq!(
        (&waiting.body["state"], &waiting.body["attempts"]),
        (&json!("queued"), &json!(0))
    );
    assert_eq!(lag(&app, tenant).await["due"], 1);
    app.advance(Duration::from_mins(2));
    assert_eq!(lag(&app, tenant).await["oldest_due_seconds"], 120);
    for _ in 0..5 {
        app.pass(Duration::from_hours(8), Duration::from_hours(1))
            .await;
    }
    let dead = get(&app, tenant, &format!("jobs/{job}")).expect(200).await;
    assert_eq!(dead.body["state"], "dead", "{}", dead.describe());
    assert_eq!(dead.body["payload"]["what"], "letter");
    assert!(!dead.text_at("/last_error").is_empty());
    let attempts = dead.number_at("/attempts");
    assert_eq!(lag(&app, tenant).await["dead"], 1);
    let listed = get(&app, tenant, "jobs?state=dead&kind=tests.orphan")
        .expect(200)
        .await;
    assert_eq!(listed.text_at("/data/0/id"), job);

    for call in [
        get(&app, &shop.second, &format!("jobs/{job}")),
        act(&app, &shop.second, &job, "retry"),
        act(&app, &shop.second, &job, "discard"),
        get(&app, tenant, "jobs/job_01h455vb4pex5vsknk084sn02q"),
        get(&app, tenant, "jobs/ord_01h455vb4pex5vsknk084sn02q"),
    ] {
        call.refused(404, "job.not_found").await;
    }
    assert_eq!(lag(&app, &shop.second).await["dead"], 0);

    let again = act(&app, tenant, &job, "retry").expect(200).await;
    assert_eq!(again.body["state"], "queued");
    act(&app, tenant, &job, "retry")
        .refused(409, "job.not_dead")
        .await;
    for _ in 0..5 {
        app.pass(Duration::from_hours(8), Duration::from_hours(1))
            .await;
    }
    let dead = get(&app, tenant, &format!("jobs/{job}")).expect(200).await;
    assert_eq!(dead.body["state"], "dead");
    assert!(dead.number_at("/attempts") >= attempts);
    act(&app, tenant, &job, "discard").expect(204).await;
    assert_eq!(lag(&app, tenant).await["dead"], 0);
}

async fn change(app: &App, tenant: &Tenant, path: &str, body: &Value) -> Answer {
    let path = format!("/api/admin/{path}");
    let read = app.client.get(&path).bearer(&tenant.key).expect(200).await;
    app.client
        .patch(&path, body)
        .bearer(&tenant.key)
        .header("if-match", read.header("etag"))
        .send()
        .await
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn people_are_promoted_and_disabled_at_once(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let user = &tenant.user;
    let path = format!("users/{}", user.id);
    let products = || {
        app.client
            .get("/api/admin/catalog/products")
            .bearer(&user.token)
    };
    products().refused(403, "auth.forbidden").await;
    assert_eq!(
        change(&app, tenant, &path, &json!({"role": "manager"}))
            .await
            .status,
        200
    );
    products().expect(200).await;
    let disabled = change(&app, tenant, &path, &json!({"status": "disabled"})).await;
    assert_eq!(disabled.body["status"], "disabled");
    let refused = products().send().await;
    assert!(
        matches!(refused.status, 401 | 403),
        "{}",
        refused.describe()
    );
    let login = json!({"email": user.email, "password": testkit::shop::PASSWORD});
    let login = app.client.post("/api/auth/login", &login);
    login.refused(403, "auth.disabled").await;
    // Nobody saws off the branch they sit on.
    let own = change(
        &app,
        tenant,
        &format!("users/{}", tenant.admin.id),
        &json!({"role": "user"}),
    )
    .await;
    assert_eq!(
        (own.status, &own.body["code"]),
        (409, &json!("user.own_account"))
    );
    for (query, expected) in [
        ("role=manager", 2),
        ("role=manager&status=active", 1),
        ("status=disabled", 1),
        ("email=USER@mail.test", 1),
        ("email=admin@other.test", 0),
    ] {
        let found = get(&app, tenant, &format!("users?{query}"))
            .expect(200)
            .await;
        assert_eq!(
            found.body["data"].as_array().map(Vec::len),
            Some(expected),
            "{query}"
        );
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn settings_are_checked_and_versioned(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    for (body, code) in [
        (json!({"time_zone": "Berlin"}), "settings.unknown_time_zone"),
        (
            json!({"platform_fee": {"fixed": eur(-1), "basis_points": 0, "borne_by": "buyer"}}),
            "settings.fee_out_of_range",
        ),
        (
            json!({"platform_fee": {"fixed": eur(0), "basis_points": 10_001, "borne_by": "buyer"}}),
            "settings.fee_out_of_range",
        ),
        (
            json!({"platform_fee": {"fixed": {"amount": 1, "currency": "USD"}, "basis_points": 0, "borne_by": "buyer"}}),
            "settings.fee_currency",
        ),
        // A fee is replaced as a whole.
        (
            json!({"platform_fee": {"basis_points": 100}}),
            "request.invalid_body",
        ),
        (json!({"currency": "USD"}), "request.invalid_body"),
        (json!({"support_email": "nobody"}), "request.invalid_body"),
    ] {
        let refused = change(&app, tenant, "settings", &body).await;
        assert_eq!(
            (refused.status, &refused.body["code"]),
            (422, &json!(code)),
            "{}",
            refused.describe()
        );
    }
    let set = json!({"time_zone": "Europe/Berlin", "support_email": "help@shop.test", "name": "The shop"});
    let changed = change(&app, tenant, "settings", &set).await;
    assert_eq!(changed.body["time_zone"], "Europe/Berlin");
    let stale = app
        .client
        .patch("/api/admin/settings", &set)
        .bearer(&tenant.key);
    stale
        .header("if-match", "\"1\"")
        .refused(412, "version_mismatch")
        .await;
    let bare = app
        .client
        .patch("/api/admin/settings", &set)
        .bearer(&tenant.key);
    bare.refused(428, "request.if_match_missing").await;
    let manager = app
        .client
        .get("/api/admin/settings")
        .bearer(&tenant.manager.token);
    assert_eq!(
        manager.expect(200).await.body["support_email"],
        "help@shop.test"
    );
    let write = app
        .client
        .patch("/api/admin/settings", &set)
        .bearer(&tenant.manager.token);
    write
        .header("if-match", "\"2\"")
        .refused(403, "auth.forbidden")
        .await;
    let other = get(&app, &shop.second, "settings").expect(200).await;
    assert_ne!(other.body["name"], "The shop");
}
