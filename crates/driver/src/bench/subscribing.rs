//! Subscribing from end to end: the subscription, its unit of the quota, the
//! credit, the charge, the request for the instance, and the events.

use std::time::{Duration, Instant};

use anyhow::Result;
use serde_json::json;
use tokio::task::JoinSet;

use super::table::{Aim, Table};
use super::{Bench, CONNECTIONS, Options, customers};
use crate::client::{Call, Client};
use crate::shopper;

/// What a month costs, in minor units.
const PRICE: i64 = 900;

/// Measures.
pub(super) async fn measure(bench: &mut Bench, options: &Options, table: &mut Table) -> Result<()> {
    customers::fill(bench).await?;
    let (server, mut client) = bench.start().await?;
    let token = shopper::sign_in(&mut client).await?;
    // There is no end of it.
    let plan = shopper::add_plan(&mut client, &token, "month", PRICE, None).await?;
    let mut signed_in = Vec::new();
    for number in 1..=CONNECTIONS {
        let mut client = server.client();
        let token = customers::sign_in(&mut client, number).await?;
        signed_in.push((client, token));
    }
    let mut all = Vec::new();
    // The first turn sets up connections and plans.
    let turns = [Duration::from_secs(2), options.length()];
    let mut began = Instant::now();
    for length in turns {
        began = Instant::now();
        all.clear();
        let mut tasks = JoinSet::new();
        for (client, token) in signed_in.drain(..) {
            tasks.spawn(subscribe_and_end(client, token, plan.clone(), length));
        }
        while let Some(done) = tasks.join_next().await {
            let (client, token, seen) = done??;
            signed_in.push((client, token));
            all.extend(seen);
        }
    }
    all.sort_unstable();
    #[expect(clippy::cast_precision_loss, reason = "a few thousand")]
    let rate = all.len() as f64 / began.elapsed().as_secs_f64();
    table.figure("subscribe, and end it at once", rate, "/s", Aim::None);
    let at = all.len() * 99 / 100;
    let millis = all.get(at).copied().unwrap_or_default().as_secs_f64() * 1000.0;
    table.figure("  subscribe: 99 of 100 within", millis, "ms", Aim::None);
    Ok(())
}

/// One customer, again and again; how long each subscribing took.
async fn subscribe_and_end(
    mut client: Client,
    token: String,
    plan: String,
    length: Duration,
) -> Result<(Client, String, Vec<Duration>)> {
    let end = Instant::now() + length;
    let mut seen = Vec::new();
    while Instant::now() < end {
        let began = Instant::now();
        let subscribe = Call::post("/api/subscriptions")
            .bearer(&token)
            .json(json!({"plan_id": plan}));
        let made = client.expect(&subscribe, 201).await?;
        seen.push(began.elapsed());
        let path = format!("/api/subscriptions/{}/cancel", made.text("/id")?);
        let cancel = Call::post(path).bearer(&token).json(json!({"now": true}));
        client.expect(&cancel, 200).await?;
    }
    Ok((client, token, seen))
}
