//! Changing plans.

use std::time::Duration;

use rstest::rstest;
use serde_json::{Value, json};
use testkit::App;
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::client::Call;
use testkit::shop::{Person, Tenant};

use super::{balance, eur, fund, instance, lasting, menu, see, set_policies, used};

struct Customer<'a> {
    app: &'a App,
    person: &'a Person,
    id: String,
}

impl Customer<'_> {
    fn act(&self, what: &str, plan: &str) -> Call {
        let path = format!("/api/subscriptions/{}/{what}", self.id);
        let call = self.app.client.post(&path, &json!({"plan_id": plan}));
        call.bearer(&self.person.token)
    }
}

async fn customer<'a>(app: &'a App, person: &'a Person, plan: &str) -> Customer<'a> {
    let body = json!({"plan_id": plan, "trial": false});
    let made = app.client.post("/api/subscriptions", &body);
    let id = made.bearer(&person.token).expect(201).await.text_at("/id");
    Customer { app, person, id }
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upgrade_costs_what_its_preview_says(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let person = &lasting(&app, &tenant.user).await;
    let menu = menu(&app, tenant, "n8n", json!(3)).await;
    let other = super::menu(&app, tenant, "Ghost", Value::Null).await;
    fund(&app, tenant, person, 2000).await;
    let customer = customer(&app, person, &menu.basic).await;
    // March has 31 days, of which 15.5 are left.
    app.advance(Duration::from_hours(31 * 12));
    let preview = customer.act("upgrade/preview", &menu.pro).expect(200).await;
    assert_eq!(preview.number_at("/charge/amount"), 1000);
    assert_eq!(preview.number_at("/unused/amount"), 500);
    assert_eq!(preview.number_at("/next_price/amount"), 3000);
    assert_eq!(preview.body["begins_period"], false);
    assert_eq!(
        preview.text_at("/next_payment_at"),
        "2026-04-01T12:00:00.000000Z"
    );
    // Nothing was changed by it.
    assert_eq!(balance(&app, person).await, 1000);
    assert_eq!(used(&app, tenant, &menu.pro).await, 0);

    let changed = customer
        .act("upgrade", &menu.pro)
        .once("u1")
        .expect(200)
        .await;
    let again = customer
        .act("upgrade", &menu.pro)
        .once("u1")
        .expect(200)
        .await;
    assert_eq!(again.body, changed.body);
    assert_eq!(changed.text_at("/plan_id"), menu.pro);
    assert_eq!(balance(&app, person).await, 0);
    assert_eq!(used(&app, tenant, &menu.basic).await, 0);
    assert_eq!(used(&app, tenant, &menu.pro).await, 1);
    let runs = instance(&app, person, &customer.id).await;
    assert_eq!(runs["resources"]["cpu_milli"], 2500);
    // Down is not the way, and says why.
    for what in ["upgrade", "upgrade/preview"] {
        let refused = customer.act(what, &menu.basic);
        let refused = refused.refused(409, "subscription.lower_tier").await;
        let why = refused.text_at("/detail");
        assert!(why.contains("BASIC, which is less than PRO"), "{why}");
    }
    customer
        .act("downgrade", &menu.basic)
        .refused(409, "subscription.downgrades_refused")
        .await;
    customer
        .act("downgrade", &menu.yearly)
        .refused(409, "subscription.not_lower")
        .await;
    customer
        .act("upgrade", &menu.pro)
        .refused(409, "subscription.same_plan")
        .await;
    customer
        .act("upgrade", &other.pro)
        .refused(422, "subscription.other_service")
        .await;
    // Without credit nothing changes.
    customer
        .act("upgrade", &menu.yearly)
        .refused(402, "wallet.insufficient_credit")
        .await;
    assert_eq!(used(&app, tenant, &menu.yearly).await, 0);
    assert_eq!(used(&app, tenant, &menu.pro).await, 1);

    // A year begins now, less the half month that is unused.
    fund(&app, tenant, person, 28_500).await;
    let changed = customer.act("upgrade", &menu.yearly).expect(200).await;
    assert_eq!(changed.number_at("/period"), 2);
    assert_eq!(
        changed.text_at("/period_end"),
        "2027-03-17T00:00:00.000000Z"
    );
    assert_eq!(balance(&app, person).await, 0);
    let seen = see(&app, person, &customer.id).await;
    let kinds: Vec<&str> = seen.body["charges"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|charge| charge["kind"].as_str())
        .collect();
    assert_eq!(kinds.len(), 3);
    // Of what ends now everything goes back, the half month included.
    let cancel = format!("/api/subscriptions/{}/cancel", customer.id);
    let cancel = app.client.post(&cancel, &json!({"now": true}));
    cancel.bearer(&person.token).expect(200).await;
    assert_eq!(balance(&app, person).await, 30_000);
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_shop_may_let_plans_change_when_the_period_ends(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let person = &lasting(&app, &tenant.user).await;
    let settings = app.client.get("/api/admin/settings").bearer(&tenant.key);
    let settings = settings.expect(200).await;
    assert_eq!(
        settings.body["subscriptions"],
        json!({"upgrades": "immediate", "downgrades": "refused", "grace_days": 7, "suspension_days": 14})
    );
    let set = async |upgrades: &str| {
        set_policies(&app, tenant, upgrades, "at_period_end").await;
    };
    set("at_period_end").await;
    let menu = menu(&app, tenant, "n8n", json!(1)).await;
    fund(&app, tenant, person, 5000).await;
    let customer = customer(&app, person, &menu.pro).await;
    let refused = customer.act("upgrade", &menu.basic);
    let refused = refused.refused(409, "subscription.lower_tier").await;
    assert!(
        refused.text_at("/detail").contains("/downgrade"),
        "{}",
        refused.text
    );
    let planned = customer.act("downgrade", &menu.basic).expect(200).await;
    assert_eq!(planned.text_at("/plan_id"), menu.pro);
    assert_eq!(planned.text_at("/next_plan_id"), menu.basic);
    // It is kept from now on: the only one.
    assert_eq!(used(&app, tenant, &menu.basic).await, 1);
    assert_eq!(used(&app, tenant, &menu.pro).await, 1);
    // Another choice lets go of it; so does staying.
    let planned = customer.act("upgrade", &menu.yearly).expect(200).await;
    assert_eq!(planned.text_at("/next_plan_id"), menu.yearly);
    assert_eq!(used(&app, tenant, &menu.basic).await, 0);
    let path = format!("/api/subscriptions/{}", customer.id);
    let keep = app.client.patch(&path, &json!({"keep_plan": true}));
    let keep = keep.bearer(&person.token).header("if-match", "*");
    assert_eq!(keep.expect(200).await.body["next_plan_id"], Value::Null);
    assert_eq!(used(&app, tenant, &menu.yearly).await, 0);
    // Nothing comes after what does not renew; both wishes are one change.
    for wishes in [
        json!({"keep_plan": true, "auto_renew": false}),
        json!({"auto_renew": false}),
    ] {
        let renew = app.client.patch(&path, &json!({"auto_renew": true}));
        let renew = renew.bearer(&person.token).header("if-match", "*");
        renew.expect(200).await;
        let planned = customer.act("downgrade", &menu.basic).expect(200).await;
        let version = planned.number_at("/version");
        let ends = app.client.patch(&path, &wishes).bearer(&person.token);
        let ends = ends.header("if-match", "*").expect(200).await;
        assert_eq!(ends.body["next_plan_id"], Value::Null);
        assert_eq!(ends.body["auto_renew"], false);
        assert_eq!(ends.number_at("/version"), version + 1);
        assert_eq!(used(&app, tenant, &menu.basic).await, 0);
    }
    let ends = customer.act("downgrade", &menu.basic);
    ends.refused(409, "subscription.not_renewing").await;
    let renew = app.client.patch(&path, &json!({"auto_renew": true}));
    let renew = renew.bearer(&person.token).header("if-match", "*");
    renew.expect(200).await;
    customer.act("downgrade", &menu.basic).expect(200).await;

    app.pass(Duration::from_hours(31 * 24 + 2), Duration::from_hours(24))
        .await;
    let seen = see(&app, person, &customer.id).await;
    assert_eq!(seen.text_at("/plan_id"), menu.basic);
    assert_eq!(seen.body["next_plan_id"], Value::Null);
    assert_eq!(seen.number_at("/period"), 2);
    assert_eq!(balance(&app, person).await, 1000);
    assert_eq!(used(&app, tenant, &menu.basic).await, 1);
    assert_eq!(used(&app, tenant, &menu.pro).await, 0);
    let runs = instance(&app, person, &customer.id).await;
    assert_eq!(runs["resources"]["cpu_milli"], 1500);
    set("refused").await;
    customer
        .act("upgrade", &menu.pro)
        .refused(409, "subscription.upgrades_refused")
        .await;
}

/// Among plans of one tier, what is more is decided by the interval and then
/// by the price.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn plans_of_one_tier_are_told_apart(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let person = &lasting(&app, &tenant.user).await;
    let menu = menu(&app, tenant, "n8n", Value::Null).await;
    let path = format!("/api/admin/catalog/services/{}/plans", menu.service);
    let plan = async |name: &str, price: i64, unit: &str| {
        let body = json!({"name": name, "tier": "PRO", "price": eur(price), "interval": {"unit": unit}, "total_quota": null});
        super::post(&app, tenant, &path, body).await.text_at("/id")
    };
    let same = plan("Pro without a trial", 3000, "month").await;
    let cheaper = plan("Pro for less", 2000, "month").await;
    let weekly = plan("Pro a week", 900, "week").await;
    fund(&app, tenant, person, 3000).await;
    let customer = customer(&app, person, &menu.pro).await;
    for (plan, code) in [
        (&cheaper, "subscription.cheaper_plan"),
        (&weekly, "subscription.shorter_interval"),
        (&menu.basic, "subscription.lower_tier"),
    ] {
        customer.act("upgrade", plan).refused(409, code).await;
    }
    let changed = customer.act("upgrade", &same).expect(200).await;
    assert_eq!(changed.text_at("/plan_id"), same);
    assert_eq!(balance(&app, person).await, 0);
}

/// Gives back 2000 of what was charged last for somebody's subscription.
async fn give_back_by_hand(app: &App, tenant: &Tenant, customer: &Customer<'_>) {
    let charge = see(app, customer.person, &customer.id).await;
    let transaction = charge.text_at("/charges/0/transaction_id");
    let path = format!("/api/admin/wallets?user_id={}", customer.person.id);
    let wallet = app.client.get(&path).bearer(&tenant.key).expect(200).await;
    let path = format!(
        "/api/admin/wallets/{}/refunds",
        wallet.text_at("/data/0/id")
    );
    let body = json!({"transaction_id": transaction, "amount": eur(2000), "reason": "it was down"});
    let back = app.client.post(&path, &body).bearer(&tenant.key);
    back.expect(200).await;
}

/// What was given back by hand is not taken off a new period as well.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn credit_given_back_by_hand_is_not_unused_too(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let person = &lasting(&app, &tenant.user).await;
    let menu = menu(&app, tenant, "n8n", Value::Null).await;
    fund(&app, tenant, person, 32_000).await;
    let customer = customer(&app, person, &menu.pro).await;
    give_back_by_hand(&app, tenant, &customer).await;
    assert_eq!(balance(&app, person).await, 31_000);
    let preview = customer.act("upgrade/preview", &menu.yearly);
    let preview = preview.expect(200).await;
    assert_eq!(preview.number_at("/unused/amount"), 1000);
    assert_eq!(preview.number_at("/charge/amount"), 29_000);
    customer.act("upgrade", &menu.yearly).expect(200).await;
    assert_eq!(balance(&app, person).await, 2000);
}

/// Nor does it go back once more when the subscription ends.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn credit_given_back_by_hand_does_not_go_back_again(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let person = &lasting(&app, &tenant.user).await;
    let menu = menu(&app, tenant, "n8n", Value::Null).await;
    fund(&app, tenant, person, 10_000).await;
    // March has 31 days. Of all, of three quarters and of one quarter of it
    // that are unused, what is left of that after 2000 goes back.
    let quarter = Duration::from_hours(31 * 6);
    for (passed, kept) in [(0, 0), (1, 750), (3, 1000)] {
        let before = balance(&app, person).await;
        let customer = customer(&app, person, &menu.pro).await;
        give_back_by_hand(&app, tenant, &customer).await;
        app.advance(quarter * passed);
        let cancel = format!("/api/subscriptions/{}/cancel", customer.id);
        let cancel = app.client.post(&cancel, &json!({"now": true}));
        cancel.bearer(&person.token).expect(200).await;
        assert_eq!(balance(&app, person).await, before - kept, "{passed}");
        let seen = see(&app, person, &customer.id).await;
        assert_eq!(
            seen.number_at("/charges/0/refunded/amount"),
            1000 - kept,
            "{passed}"
        );
    }
    let scope = super::scope(&app, tenant);
    let wrong = app.sutler.credits.prove_wallets(&scope).await;
    assert_eq!(wrong.expect("a proof"), []);
}

/// Who is promised a plan when the period ends waits for it no longer.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_promised_a_plan_waits_for_it_no_longer(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let person = &lasting(&app, &tenant.user).await;
    set_policies(&app, tenant, "at_period_end", "at_period_end").await;
    let menu = menu(&app, tenant, "n8n", json!(1)).await;
    let other = app.register("first@mail.test", tenant.host).await;
    let other = &lasting(&app, &other).await;
    for person in [person, other] {
        fund(&app, tenant, person, 5000).await;
    }
    let first = customer(&app, other, &menu.basic).await;
    let customer = customer(&app, person, &menu.pro).await;
    let wait = json!({"plan_id": menu.basic});
    let wait = app.client.post("/api/waiting-list", &wait);
    let wait = wait.bearer(&person.token).expect(201).await;
    assert_eq!(wait.text_at("/status"), "waiting");
    customer
        .act("downgrade", &menu.basic)
        .refused(409, "quota.exhausted")
        .await;
    let cancel = format!("/api/subscriptions/{}/cancel", first.id);
    let cancel = app.client.post(&cancel, &json!({"now": true}));
    cancel.bearer(&other.token).expect(200).await;
    customer.act("downgrade", &menu.basic).expect(200).await;
    let wait = format!("/api/waiting-list/{}", wait.text_at("/id"));
    let wait = app.client.get(&wait).bearer(&person.token);
    assert_eq!(wait.expect(200).await.text_at("/status"), "served");
    app.drain().await;
    let mails = app.mails.to(&person.email);
    assert!(!mails.iter().any(|mail| mail.subject.contains("n8n Basic")));
    // Neither what is promised nor what one has is to be waited for.
    for plan in [&menu.basic, &menu.pro] {
        let wait = app
            .client
            .post("/api/waiting-list", &json!({"plan_id": plan}));
        let wait = wait.bearer(&person.token);
        wait.refused(409, "waiting_list.held_already").await;
    }
}
