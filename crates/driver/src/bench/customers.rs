//! Customers with wallets: one made through the API, and others like it.

use anyhow::{Context as _, Result};
use serde_json::json;
use sqlx::{AssertSqlSafe, Row as _};

use super::pgbench::computed;
use super::{Bench, uuid_of};
use crate::client::{Call, Client};
use crate::shopper::{self, ADMIN};
use crate::spender::WALLETS;

/// How many there are.
pub(super) const MANY: u32 = 10_000;
/// What is in each wallet, in minor units.
const BALANCE: i64 = 1_000_000_000_000;
/// The numbers in the ids of lots, of users and of transfers begin here.
pub(super) const LOTS: u64 = 8_000_000_000;
const USERS: u64 = 7_000_000_000;
const TRANSFERS: u64 = 6_000_000_000;
/// How many entries each wallet is said to have, and which version: numbers
/// that are found again among the values of a statement.
pub(super) const ENTRIES: i64 = 1_000_001;
pub(super) const VERSION: i64 = 2_000_001;

/// Makes them, unless they are there.
pub(super) async fn fill(bench: &mut Bench) -> Result<()> {
    let wallets = computed(&format!("({WALLETS} + n)"));
    let known =
        format!("SELECT count(*) FROM wallets w, generate_series(1, 1) n WHERE w.id = {wallets}");
    let known = sqlx::query(AssertSqlSafe(known))
        .fetch_one(&mut bench.admin)
        .await?;
    if known.try_get::<i64, _>(0)? > 0 {
        return Ok(());
    }
    let (user, wallet) = model(bench).await?;
    let like = |table: &str, is: &str, fields: &str| {
        format!(
            "INSERT INTO {table} SELECT (jsonb_populate_record(t, jsonb_build_object({fields}))).* \
             FROM {table} t, generate_series(1, {MANY}) n WHERE t.tenant_id = '{}' AND {is}",
            bench.tenant
        )
    };
    let id = |first: u64| computed(&format!("({first} + n)"));
    let all = [
        like(
            "users",
            &format!("t.id = '{user}'"),
            &format!(
                "'id', {}, 'email', 'bench' || n || '@example.com'",
                id(USERS)
            ),
        ),
        like(
            "wallets",
            &format!("t.id = '{wallet}'"),
            &format!(
                "'id', {wallets}, 'user_id', {}, 'entries', {ENTRIES}, 'version', {VERSION}",
                id(USERS)
            ),
        ),
        like(
            "ledger_transfers",
            &format!("t.id = (SELECT transfer_id FROM credit_lots WHERE wallet_id = '{wallet}')"),
            &format!("'id', {}, 'reference', 'bench' || n", id(TRANSFERS)),
        ),
        like(
            "credit_lots",
            &format!("t.wallet_id = '{wallet}'"),
            &format!(
                "'id', {}, 'wallet_id', {wallets}, 'transfer_id', {}",
                id(LOTS),
                id(TRANSFERS)
            ),
        ),
        "VACUUM ANALYZE".to_owned(),
    ];
    for sql in all {
        sqlx::query(AssertSqlSafe(sql))
            .execute(&mut bench.admin)
            .await
            .context("make customers")?;
    }
    Ok(())
}

/// The one that all others are like: the user and the wallet.
async fn model(bench: &Bench) -> Result<(String, String)> {
    let (_server, mut client) = bench.start().await?;
    let token = shopper::sign_in(&mut client).await?;
    let (user, wallet) = shopper::fund(&mut client, &token, BALANCE).await?;
    Ok((uuid_of(&user)?, uuid_of(&wallet)?))
}

/// Signs one of them in, with the password that all have; an access token.
pub(super) async fn sign_in(client: &mut Client, number: usize) -> Result<String> {
    let email = format!("bench{number}@example.com");
    let login = Call::post("/api/auth/login").json(json!({"email": email, "password": ADMIN.1}));
    let answer = client.expect(&login, 200).await?;
    Ok(answer.text("/access_token")?.to_owned())
}
