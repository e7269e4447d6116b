//! Waiting lists.

use std::time::Duration;

use rstest::rstest;
use serde_json::json;
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::{Answer, App};

use super::{Pool, lasting, plan, service};

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_waits_is_told_once_in_order_when_there_is_room(
    #[values(Sqlite, Postgres)] backend: Backend,
) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let service = service(&app, tenant, "n8n").await;
    let made = plan(&app, tenant, &service, "Pro", json!(2)).await;
    let pool = Pool::new(&app, tenant, &made);
    pool.give("one").await.expect("a unit");
    let body = json!({"plan_id": made.body["id"]});
    let join = |token: &str| app.client.post("/api/waiting-list", &body).bearer(token);
    join(&tenant.user.token)
        .refused(409, "waiting_list.room")
        .await;
    // Another tenant's plan is none.
    join(&shop.second.user.token)
        .refused(404, "plan.not_found")
        .await;
    pool.give("two").await.expect("a unit");
    let mut people = Vec::new();
    let mut places: Vec<Answer> = Vec::new();
    for n in 0..3 {
        let email = format!("waits-{n}@mail.test");
        let person = app.register(&email, tenant.host).await;
        let person = lasting(&app, &person).await;
        let place = join(&person.token).once("k1").expect(201).await;
        assert_eq!(place.number_at("/place"), n + 1);
        let again = join(&person.token).once("k1").expect(201).await;
        assert_eq!(again.body, place.body);
        join(&person.token)
            .refused(409, "waiting_list.waiting_already")
            .await;
        people.push(person);
        places.push(place);
    }
    // Only addresses that were proven are written to.
    let tx = app.begin_in(tenant).await;
    let proven = "UPDATE users SET email_verified_at = 1 WHERE tenant_id = $1";
    tx.run(proven, []).await.expect("proven addresses");
    tx.commit().await.expect("a commit");
    let path = |n: usize| format!("/api/waiting-list/{}", places[n].text_at("/id"));
    let see = async |n: usize| {
        let seen = app.client.get(&path(n)).bearer(&people[n].token);
        seen.expect(200).await
    };
    let stranger = app.client.get(&path(0)).bearer(&people[1].token);
    stranger.refused(404, "waiting_list.not_found").await;
    let line = format!(
        "/api/admin/quotas/{}/waiting-list",
        made.text_at("/quota_id")
    );
    let line = async || {
        let list = app.client.get(&line).bearer(&tenant.key).expect(200).await;
        list.body["data"].as_array().map_or(0, Vec::len)
    };
    assert_eq!(line().await, 3);

    // The first one leaves, and all others come nearer.
    let leave = app.client.delete(&path(0)).bearer(&people[0].token);
    assert_eq!(leave.expect(200).await.text_at("/status"), "left");
    let leave = app.client.delete(&path(0)).bearer(&people[0].token);
    leave.refused(409, "waiting_list.over").await;
    assert_eq!(see(1).await.number_at("/place"), 1);
    assert_eq!(see(2).await.number_at("/place"), 2);

    // Room for one is told to one.
    pool.take_back("one").await.expect("a unit back");
    app.drain().await;
    let mails = |n: usize| {
        let mut mails = app.mails.to(&people[n].email);
        mails.retain(|mail| mail.subject.contains("n8n Pro"));
        mails
    };
    let told = |n: usize| mails(n).len();
    assert_eq!((told(0), told(1), told(2)), (0, 1, 0));
    let mail = mails(1).remove(0);
    assert!(mail.text.contains("/services/n8n"), "{}", mail.text);
    assert_eq!(see(1).await.text_at("/status"), "told");
    // Nor is anybody told again, whatever happens to the room.
    pool.give("three").await.expect("a unit");
    pool.take_back("three").await.expect("a unit back");
    app.drain().await;
    app.advance(Duration::from_hours(2));
    app.drain().await;
    assert_eq!((told(1), told(2)), (1, 0));
    // Who does not come in a day lets the next one have a turn.
    app.pass(Duration::from_hours(23), Duration::from_hours(1))
        .await;
    assert_eq!((told(1), told(2)), (1, 1));
    assert_eq!(line().await, 0);

    // Who was told and missed it can wait again, at the end.
    pool.give("four").await.expect("a unit");
    let again = join(&people[1].token).expect(201).await;
    assert_eq!(again.number_at("/place"), 1);
    let own = app.client.get("/api/waiting-list").bearer(&people[1].token);
    let own = own.expect(200).await;
    assert_eq!(own.body["data"].as_array().map(Vec::len), Some(2));
    // A higher total is room as well.
    let quota = format!("/api/admin/quotas/{}", made.text_at("/quota_id"));
    let raise = app
        .client
        .patch(&quota, &json!({"total": 5}))
        .bearer(&tenant.key);
    raise.header("if-match", "\"1\"").expect(200).await;
    app.drain().await;
    assert_eq!(told(1), 2);
    let other = app.client.get(&quota).bearer(&shop.second.key);
    other.refused(404, "quota.not_found").await;
}

/// Those who are told while somebody turns the pages move all others up, and
/// nobody is left out of the list for it.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_line_that_moves_is_read_page_by_page(#[values(Sqlite, Postgres)] backend: Backend) {
    let app = App::start(backend).await;
    let shop = app.shop().await;
    let tenant = &shop.first;
    let service = service(&app, tenant, "n8n").await;
    let made = plan(&app, tenant, &service, "Pro", json!(1)).await;
    let pool = Pool::new(&app, tenant, &made);
    pool.give("one").await.expect("a unit");
    let body = json!({"plan_id": made.body["id"]});
    let mut waits = Vec::new();
    let mut tokens = Vec::new();
    for n in 0..5 {
        let email = format!("waits-{n}@mail.test");
        let person = app.register(&email, tenant.host).await;
        let person = lasting(&app, &person).await;
        let call = app.client.post("/api/waiting-list", &body);
        let wait = call.bearer(&person.token).expect(201).await;
        waits.push(wait.text_at("/id"));
        tokens.push(person.token);
    }
    let line = format!(
        "/api/admin/quotas/{}/waiting-list?limit=2",
        made.text_at("/quota_id")
    );
    let page = async |cursor: Option<String>| {
        let cursor = cursor.map_or(String::new(), |cursor| format!("&cursor={cursor}"));
        let call = app.client.get(&format!("{line}{cursor}"));
        let page = call.bearer(&tenant.key).expect(200).await;
        let data = page.body["data"].as_array().expect("a list").iter();
        let found: Vec<(String, i64)> = data
            .map(|one| {
                let id = one["id"].as_str().expect("an id").to_owned();
                (id, one["place"].as_i64().expect("a place"))
            })
            .collect();
        let next = page.body["next_cursor"].as_str().map(str::to_owned);
        (found, next)
    };
    let (found, next) = page(None).await;
    assert_eq!(found, [(waits[0].clone(), 1), (waits[1].clone(), 2)]);
    // The first one leaves.
    let leave = format!("/api/waiting-list/{}", waits[0]);
    let leave = app.client.delete(&leave).bearer(&tokens[0]);
    leave.expect(200).await;
    let (found, next) = page(next).await;
    assert_eq!(found, [(waits[2].clone(), 2), (waits[3].clone(), 3)]);
    let (found, next) = page(next).await;
    assert_eq!(found, [(waits[4].clone(), 4)]);
    assert_eq!(next, None);
}
