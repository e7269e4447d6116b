//! What the shop and its buyers look at most, with credentials: the list of
//! orders and the cart, against pgbench with the same statements.

use anyhow::Result;

use super::load;
use super::reads::capture;
use super::table::{Aim, Table};
use super::{Bench, Options, median, pgbench};
use crate::client::Call;
use crate::shopper::{self, Purchase, Step};

/// A view: what it is called, where it is, and the header that opens it.
struct View {
    name: &'static str,
    path: String,
    header: (&'static str, String),
}

/// Measures.
pub(super) async fn measure(bench: &mut Bench, options: &Options, table: &mut Table) -> Result<()> {
    let (server, mut client) = bench.start().await?;
    let token = shopper::sign_in(&mut client).await?;
    let mut purchase = Purchase::new("viewed".to_owned(), bench.items[0].clone(), 2);
    while purchase.step != Step::Checkout {
        let answer = client.send(&purchase.call(false)?).await?;
        purchase.accept(&answer)?;
    }
    let (cart, cart_token) = purchase.cart.clone().unwrap_or_default();
    let views = [
        View {
            name: "admin order list",
            path: "/api/admin/orders?limit=20".to_owned(),
            header: ("authorization", format!("Bearer {token}")),
        },
        View {
            name: "cart view",
            path: format!("/api/carts/{cart}"),
            header: ("x-cart-token", cart_token),
        },
    ];
    for view in views {
        let call = Call::get(&view.path).header(view.header.0, &view.header.1);
        let statements = capture(bench, &mut client, &call).await?;
        let count = statements.len();
        // Every id is one that is there.
        let ids = statements
            .iter()
            .flat_map(|one| one.values.iter().flatten());
        let known: Vec<(String, String)> = ids
            .filter(|value| value.len() == 36 && **value != bench.tenant)
            .map(|value| (value.clone(), format!("'{value}'::uuid")))
            .collect();
        let script = pgbench::script(&bench.tenant, &statements, &known)?;
        let folder = bench.installation.folder().to_owned();
        let runner = pgbench::Runner::new(bench, "view", &script)?;
        let (mut ours, mut theirs, mut p99) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..options.repeats {
            let paths = std::slice::from_ref(&view.path);
            let header = Some((view.header.0, view.header.1.as_str()));
            let seen = load::wrk_as(&folder, server.address, paths, header, options.seconds)?;
            theirs.push(runner.for_seconds(options.seconds)?);
            ours.push(seen.rate);
            p99.push(seen.p99);
        }
        let name = format!("{} ({count} queries) / pgbench", view.name);
        table.ratio(&name, median(ours), median(theirs), 0.3);
        table.figure("  99 of 100 within", median(p99), "ms", Aim::None);
    }
    Ok(())
}
