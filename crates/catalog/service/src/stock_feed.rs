//! Taking over counts from outside.

use std::collections::{BTreeMap, HashMap};

use catalog_model::CatalogError;
use catalog_model::stock::{MovementKind, StockItem};
use catalog_model::stock_feed::{
    BY_HAND, CLOCK_SKEW, Count, CountOutcome, CountResult, Winner, newest, target,
};
use catalog_repository::piles;
use catalog_repository::stock::{Cause, Change};
use catalog_repository::stock_counts::{self, Last};
use database::{Once, Transaction};
use kernel::{AuditEntry, Permission, Scope, Snapshot, StockItemId, Timestamp};

use crate::Catalog;

/// What becomes of the rows of a feed, one for each.
type Outcomes = Vec<CountResult>;

impl Catalog {
    /// Sets stock to what was counted elsewhere, in one transaction. What was
    /// sold, received and put back since a count still holds.
    pub async fn feed_stock(
        &self,
        scope: &Scope,
        counts: &[Count],
    ) -> Result<Outcomes, CatalogError> {
        scope.require(Permission::StockWrite)?;
        let now = self.now();
        let tx = match self
            .database
            .begin_once::<Outcomes>(scope, "stock.feed", now)
            .await?
        {
            Once::Replayed(outcomes) => return Ok(outcomes),
            Once::Fresh(tx) => tx,
        };
        let (mut outcomes, mut items) = known(&tx, counts, now).await?;
        let mut wanted: Vec<StockItemId> = items.iter().flatten().copied().collect();
        wanted.sort_unstable();
        wanted.dedup();
        let locked: HashMap<StockItemId, StockItem> = piles::lock_all(&tx, &wanted)
            .await?
            .into_iter()
            .map(|pile| (pile.id, pile))
            .collect();
        let last = stock_counts::last(&tx, &wanted).await?;
        for (row, count) in counts.iter().enumerate() {
            let Some(item) = items[row] else { continue };
            outcomes[row].outcome = CountOutcome::Older;
            let of_pile = || last.iter().filter(|one| one.item == item);
            if of_pile().any(|one| one.source == BY_HAND && count.counted_at < one.counted_at) {
                items[row] = None;
                continue;
            }
            let known = of_pile().find(|one| one.source == count.source);
            if let Some(known) = known.filter(|known| count.counted_at <= known.counted_at) {
                if known.counted_at == count.counted_at && known.on_hand == count.on_hand {
                    outcomes[row].outcome = CountOutcome::Unchanged;
                }
                items[row] = None;
            }
        }
        let winners = newest(counts, &items);
        self.take_over(&tx, counts, &winners, &locked, &mut outcomes)
            .await?;
        let entry = AuditEntry::new("stock.feed", scope.tenant()).after(&summary(&outcomes));
        self.record(&tx, entry).await?;
        Ok(tx.commit_with(outcomes).await?)
    }

    /// Changes the piles to what their newest counts say.
    async fn take_over(
        &self,
        tx: &Transaction,
        counts: &[Count],
        winners: &[Winner],
        locked: &HashMap<StockItemId, StockItem>,
        outcomes: &mut Outcomes,
    ) -> Result<(), CatalogError> {
        let now = self.now();
        let moved: HashMap<StockItemId, i64> = stock_counts::moved_since(tx, winners)
            .await?
            .into_iter()
            .collect();
        let mut notes = Vec::with_capacity(winners.len());
        let mut changes: BTreeMap<&str, Vec<Change>> = BTreeMap::new();
        for winner in winners {
            let Some(pile) = locked.get(&winner.item) else {
                continue;
            };
            let count = &counts[winner.row];
            let moved = moved.get(&winner.item).copied().unwrap_or(0);
            let (on_hand, short) = target(pile, count.on_hand, moved);
            let outcome = &mut outcomes[winner.row];
            outcome.outcome = match (short, on_hand - pile.on_hand) {
                (1.., _) => CountOutcome::BelowReserved,
                (_, 0) => CountOutcome::Unchanged,
                _ => CountOutcome::Applied,
            };
            outcome.on_hand = Some(on_hand);
            outcome.short = short;
            if on_hand != pile.on_hand {
                let change = Change::on_hand(pile.id, on_hand - pile.on_hand);
                changes.entry(&count.source).or_default().push(change);
            }
            notes.push(Last {
                item: winner.item,
                source: count.source.clone(),
                counted_at: count.counted_at,
                on_hand: count.on_hand,
            });
        }
        for (source, changes) in changes {
            let reason = format!("counted by {source}");
            let cause = Cause {
                kind: MovementKind::Counted,
                reason: Some(&reason),
                order: None,
                now,
            };
            let changed = self.apply(tx, &changes, cause).await?;
            if changed.len() < changes.len() {
                return Err(kernel::Fault::permanent("a count went below what is promised").into());
            }
        }
        stock_counts::note(tx, &notes, now).await?;
        Ok(())
    }
}

/// What can be said of counts before anything is locked, and the piles of
/// those that may have an effect.
async fn known(
    tx: &Transaction,
    counts: &[Count],
    now: Timestamp,
) -> Result<(Outcomes, Vec<Option<StockItemId>>), CatalogError> {
    let mut skus: Vec<&str> = counts.iter().map(|count| count.sku.as_str()).collect();
    skus.sort_unstable();
    skus.dedup();
    let named: HashMap<String, (bool, Option<StockItemId>)> = stock_counts::named(tx, &skus)
        .await?
        .into_iter()
        .map(|one| {
            let item = one.stock_item_id.map(StockItemId::from_uuid);
            (one.sku, (one.bundle, item))
        })
        .collect();
    let latest = now.plus(CLOCK_SKEW);
    let rows = counts.iter().map(|count| {
        let (outcome, item) = match named.get(&count.sku) {
            None => (CountOutcome::UnknownSku, None),
            Some((true, _)) => (CountOutcome::Bundle, None),
            Some((_, None)) => (CountOutcome::NotCounted, None),
            Some(_) if count.counted_at > latest => (CountOutcome::InFuture, None),
            Some(&(_, item)) => (CountOutcome::Older, item),
        };
        let result = CountResult {
            sku: count.sku.clone(),
            source: count.source.clone(),
            outcome,
            on_hand: None,
            short: 0,
        };
        (result, item)
    });
    Ok(rows.unzip())
}

/// How often each outcome came, for the audit log.
fn summary(outcomes: &Outcomes) -> Snapshot {
    let mut sums: BTreeMap<&'static str, usize> = BTreeMap::new();
    for one in outcomes {
        *sums.entry(one.outcome.into()).or_default() += 1;
    }
    let all = Snapshot::new().with("rows", outcomes.len());
    sums.into_iter()
        .fold(all, |snapshot, (name, count)| snapshot.with(name, count))
}
