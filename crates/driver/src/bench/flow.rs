//! Whole purchases: cart, line, address, checkout, test payment, paid.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use tokio::task::JoinSet;

use super::table::{Aim, Table};
use super::{Bench, CONNECTIONS, Options, process};
use crate::client::Client;
use crate::shopper::{Item, Purchase, STEPS, Step};

/// How long to wait before looking whether an order is paid; each time twice
/// as long as before.
const LOOK_AFTER: Duration = Duration::from_millis(10);

/// Durations of steps.
type Durations = BTreeMap<Step, Vec<Duration>>;

/// Measures.
pub(super) async fn measure(bench: &mut Bench, options: &Options, table: &mut Table) -> Result<()> {
    let (server, _) = bench.start().await?;
    let postmaster = process::postmaster(&mut bench.admin).await?;
    let warm_up = Duration::from_secs(2);
    drop(buy(&bench.items, &server, warm_up, "warm").await?);
    let before = (
        process::cpu(server.id())?,
        process::cpu_with_children(postmaster)?,
    );
    let began = Instant::now();
    let length = Duration::from_secs(u64::from(options.seconds)) * 2;
    let mut durations = buy(&bench.items, &server, length, "flow").await?;
    let took = began.elapsed().as_secs_f64();
    let cpu_server = process::cpu(server.id())? - before.0;
    let cpu_database = process::cpu_with_children(postmaster)? - before.1;
    #[expect(clippy::cast_precision_loss, reason = "a few thousand")]
    let orders = durations.get(&Step::Paid).map_or(0, Vec::len) as f64;
    table.figure("whole purchases", orders / took, "/s", Aim::None);
    let each = (cpu_server + cpu_database) * 1000.0 / orders;
    table.figure("CPU of an order", each, "ms", Aim::Under(2.5));
    table.figure(
        "  of that the server",
        cpu_server * 1000.0 / orders,
        "ms",
        Aim::None,
    );
    table.figure(
        "  of that PostgreSQL",
        cpu_database * 1000.0 / orders,
        "ms",
        Aim::None,
    );
    for step in STEPS {
        let Some(of_step) = durations.get_mut(&step) else {
            bail!("nobody got to {step:?}");
        };
        of_step.sort_unstable();
        let at = of_step.len() * 99 / 100;
        let millis = of_step.get(at).copied().unwrap_or_default().as_secs_f64() * 1000.0;
        let name = match step {
            Step::Paid => "  paid, after payment: 99 of 100 within".to_owned(),
            _ => format!("  {step:?}: 99 of 100 within").to_lowercase(),
        };
        table.figure(&name, millis, "ms", Aim::None);
    }
    let peak = process::memory(server.id(), "VmHWM")?;
    table.figure("peak memory", peak, "MB", Aim::Under(150.0));
    Ok(())
}

/// Lets buyers buy for so long.
pub(super) async fn buy(
    items: &[Item],
    server: &crate::installation::Running,
    length: Duration,
    name: &str,
) -> Result<Durations> {
    let end = Instant::now() + length;
    let mut buyers: JoinSet<Result<Durations>> = JoinSet::new();
    for number in 0..CONNECTIONS {
        let (client, items) = (server.client(), items.to_vec());
        buyers.spawn(one_after_another(
            client,
            items,
            format!("{name}-{number}"),
            number,
            end,
        ));
    }
    let mut all = Durations::new();
    while let Some(seen) = buyers.join_next().await {
        for (step, durations) in seen?? {
            all.entry(step).or_default().extend(durations);
        }
    }
    Ok(all)
}

async fn one_after_another(
    mut client: Client,
    items: Vec<Item>,
    name: String,
    first: usize,
    end: Instant,
) -> Result<Durations> {
    let mut durations = Durations::new();
    let mut number = first;
    while Instant::now() < end {
        let item = items[number % items.len()].clone();
        // Coprime to the number of items, so that all get their turn.
        number += 7;
        let mut purchase = Purchase::new(format!("{name}-{number}"), item, 1);
        let mut began = Instant::now();
        let mut look_after = LOOK_AFTER;
        while purchase.step != Step::Done {
            let step = purchase.step;
            if step == Step::Paid {
                tokio::time::sleep(look_after).await;
                look_after *= 2;
            }
            let answer = client.send(&purchase.call(false)?).await?;
            purchase.accept(&answer)?;
            if answer.status >= 500 || purchase.sold_out {
                bail!("{step:?} answered {}: {}", answer.status, answer.body);
            }
            if purchase.step != step {
                durations.entry(step).or_default().push(began.elapsed());
                began = Instant::now();
            }
        }
    }
    Ok(durations)
}
