//! Wallets and their ledger.
//!
//! A transfer has two entries of its own amount, on two sides, so that they
//! add up to nothing whatever is written: the keys allow no others. The
//! accounts of the tenant are names and have no rows, so that no row is locked
//! by all who spend. What somebody wrote about a transfer stands apart, because
//! the ledger cannot be changed and reasons may have to be forgotten.

use crate::script::{Access, Script, Table};

pub(crate) const MIGRATION: Script = Script {
    name: "m0024_credits",
    tables: &[
        Table::new("top_up_refunds", Access::Tenant),
        Table::new("top_ups", Access::Tenant),
        Table::new("transfer_notes", Access::Tenant),
        Table::new("credit_holds", Access::Tenant),
        Table::new("credit_lot_movements", Access::Tenant).append_only(),
        Table::new("credit_lots", Access::Tenant),
        Table::new("ledger_entries", Access::Tenant).append_only(),
        Table::new("ledger_transfers", Access::Tenant).append_only(),
        Table::new("wallets", Access::Tenant),
    ],
    up: "
CREATE TABLE wallets (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    user_id uuid NOT NULL,
    currency text NOT NULL,
    status text NOT NULL,
    credit_balance bigint NOT NULL,
    held bigint NOT NULL,
    total_top_up bigint NOT NULL,
    total_spent bigint NOT NULL,
    entries bigint NOT NULL,
    low_balance_threshold bigint,
    version bigint NOT NULL,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, user_id) REFERENCES users (tenant_id, id),
    CONSTRAINT ck_wallets_status CHECK (status IN ('active', 'frozen', 'closed')),
    CONSTRAINT ck_wallets_balance CHECK (credit_balance >= 0),
    CONSTRAINT ck_wallets_held CHECK (held BETWEEN 0 AND credit_balance),
    CONSTRAINT ck_wallets_totals CHECK (total_top_up >= 0 AND total_spent >= 0 AND entries >= 0)
);
CREATE UNIQUE INDEX uq_wallets__user_id__currency ON wallets (tenant_id, user_id, currency);

CREATE TABLE ledger_transfers (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    kind text NOT NULL,
    reference text NOT NULL,
    currency text NOT NULL,
    amount bigint NOT NULL,
    reverses uuid,
    actor text NOT NULL,
    created_at bigint NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, reverses) REFERENCES ledger_transfers (tenant_id, id),
    CONSTRAINT ck_ledger_transfers_kind CHECK (kind IN ('TOP_UP', 'TOP_UP_REFUND', 'SUBSCRIPTION', 'UPGRADE', 'REFUND', 'ADMIN_ADJUSTMENT', 'ORDER', 'RENEWAL', 'EXPIRY', 'GIFT')),
    CONSTRAINT ck_ledger_transfers_amount CHECK (amount > 0),
    CONSTRAINT ck_ledger_transfers_reverses CHECK ((kind IN ('REFUND', 'TOP_UP_REFUND')) = (reverses IS NOT NULL))
);
CREATE UNIQUE INDEX uq_ledger_transfers__kind__reference ON ledger_transfers (tenant_id, kind, reference);
CREATE UNIQUE INDEX uq_ledger_transfers__id__amount ON ledger_transfers (tenant_id, id, amount);
CREATE INDEX ix_ledger_transfers_reverses ON ledger_transfers (tenant_id, reverses) WHERE reverses IS NOT NULL;

CREATE TABLE ledger_entries (
    tenant_id uuid NOT NULL,
    transfer_id uuid NOT NULL,
    side bigint NOT NULL,
    amount bigint NOT NULL,
    account text NOT NULL,
    wallet_id uuid,
    balance_after bigint,
    sequence bigint,
    created_at bigint NOT NULL,
    PRIMARY KEY (tenant_id, transfer_id, side),
    FOREIGN KEY (tenant_id, transfer_id, amount) REFERENCES ledger_transfers (tenant_id, id, amount),
    FOREIGN KEY (tenant_id, wallet_id) REFERENCES wallets (tenant_id, id),
    CONSTRAINT ck_ledger_entries_side CHECK (side IN (-1, 1)),
    CONSTRAINT ck_ledger_entries_account CHECK (account IN ('wallet', 'gateway_clearing', 'revenue', 'promotions', 'adjustments', 'expired')),
    CONSTRAINT ck_ledger_entries_wallet CHECK ((account = 'wallet') = (wallet_id IS NOT NULL)),
    CONSTRAINT ck_ledger_entries_balance CHECK ((wallet_id IS NULL AND balance_after IS NULL AND sequence IS NULL)
        OR (wallet_id IS NOT NULL AND balance_after >= 0 AND sequence > 0))
);
CREATE UNIQUE INDEX uq_ledger_entries__wallet_id__sequence ON ledger_entries (tenant_id, wallet_id, sequence) WHERE wallet_id IS NOT NULL;

CREATE TABLE credit_lots (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    wallet_id uuid NOT NULL,
    transfer_id uuid NOT NULL,
    kind text NOT NULL,
    priority bigint NOT NULL,
    expires_at bigint,
    granted bigint NOT NULL,
    remaining bigint NOT NULL,
    is_open boolean NOT NULL,
    created_at bigint NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, wallet_id) REFERENCES wallets (tenant_id, id),
    FOREIGN KEY (tenant_id, transfer_id) REFERENCES ledger_transfers (tenant_id, id),
    CONSTRAINT ck_credit_lots_kind CHECK (kind IN ('paid', 'promotional')),
    CONSTRAINT ck_credit_lots_priority CHECK (priority BETWEEN 0 AND 100),
    CONSTRAINT ck_credit_lots_remaining CHECK (remaining BETWEEN 0 AND granted),
    CONSTRAINT ck_credit_lots_open CHECK (is_open = (remaining > 0))
);
CREATE UNIQUE INDEX uq_credit_lots__transfer_id ON credit_lots (tenant_id, transfer_id);
CREATE INDEX ix_credit_lots_open ON credit_lots (tenant_id, wallet_id) WHERE is_open;
CREATE INDEX ix_credit_lots_expiry ON credit_lots (tenant_id, expires_at) WHERE is_open AND expires_at IS NOT NULL;
CREATE INDEX ix_credit_lots_wallet ON credit_lots (tenant_id, wallet_id, id);

CREATE TABLE credit_lot_movements (
    tenant_id uuid NOT NULL,
    transfer_id uuid NOT NULL,
    lot_id uuid NOT NULL,
    amount bigint NOT NULL,
    remaining_after bigint NOT NULL,
    PRIMARY KEY (tenant_id, transfer_id, lot_id),
    FOREIGN KEY (tenant_id, transfer_id) REFERENCES ledger_transfers (tenant_id, id),
    FOREIGN KEY (tenant_id, lot_id) REFERENCES credit_lots (tenant_id, id),
    CONSTRAINT ck_credit_lot_movements_amount CHECK (amount <> 0 AND remaining_after >= 0)
);
CREATE INDEX ix_credit_lot_movements_lot ON credit_lot_movements (tenant_id, lot_id);

CREATE TABLE credit_holds (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    wallet_id uuid NOT NULL,
    reference text NOT NULL,
    status text NOT NULL,
    amount bigint NOT NULL,
    captured bigint NOT NULL,
    expires_at bigint NOT NULL,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, wallet_id) REFERENCES wallets (tenant_id, id),
    CONSTRAINT ck_credit_holds_status CHECK (status IN ('open', 'captured', 'voided', 'expired')),
    CONSTRAINT ck_credit_holds_amount CHECK (amount > 0 AND captured BETWEEN 0 AND amount)
);
CREATE UNIQUE INDEX uq_credit_holds__reference ON credit_holds (tenant_id, reference);
CREATE INDEX ix_credit_holds_wallet ON credit_holds (tenant_id, wallet_id) WHERE status = 'open';
CREATE INDEX ix_credit_holds_expiry ON credit_holds (tenant_id, expires_at) WHERE status = 'open';

CREATE TABLE transfer_notes (
    tenant_id uuid NOT NULL,
    transfer_id uuid NOT NULL,
    reason text NOT NULL,
    PRIMARY KEY (tenant_id, transfer_id),
    FOREIGN KEY (tenant_id, transfer_id) REFERENCES ledger_transfers (tenant_id, id)
);

CREATE TABLE top_ups (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    wallet_id uuid NOT NULL,
    payment_id uuid NOT NULL,
    gateway text NOT NULL,
    status text NOT NULL,
    amount bigint NOT NULL,
    currency text NOT NULL,
    session_id text,
    url text,
    intent_id text,
    paid bigint,
    paid_currency text,
    credited bigint,
    credited_at bigint,
    refunded bigint NOT NULL,
    taken_back bigint NOT NULL,
    disputes jsonb,
    failure text,
    attention text,
    return_urls jsonb NOT NULL,
    expires_at bigint NOT NULL,
    checked_at bigint NOT NULL,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, wallet_id) REFERENCES wallets (tenant_id, id),
    CONSTRAINT ck_top_ups_status CHECK (status IN ('created', 'open', 'processing', 'succeeded', 'failed', 'expired')),
    CONSTRAINT ck_top_ups_amount CHECK (amount > 0),
    CONSTRAINT ck_top_ups_credited CHECK ((credited_at IS NULL) = (credited IS NULL)
        AND (credited IS NULL OR (credited > 0 AND status = 'succeeded' AND paid IS NOT NULL))),
    CONSTRAINT ck_top_ups_refunded CHECK (refunded BETWEEN 0 AND COALESCE(paid, 0)),
    CONSTRAINT ck_top_ups_taken_back CHECK (taken_back BETWEEN 0 AND COALESCE(credited, 0))
);
CREATE UNIQUE INDEX uq_top_ups__payment_id ON top_ups (tenant_id, payment_id);
CREATE UNIQUE INDEX uq_top_ups__gateway__session_id ON top_ups (tenant_id, gateway, session_id) WHERE session_id IS NOT NULL;
CREATE INDEX ix_top_ups_intent ON top_ups (tenant_id, gateway, intent_id) WHERE intent_id IS NOT NULL;
CREATE INDEX ix_top_ups_wallet ON top_ups (tenant_id, wallet_id, id);
CREATE INDEX ix_top_ups_unsettled ON top_ups (tenant_id, checked_at) WHERE status IN ('created', 'open', 'processing');

CREATE TABLE top_up_refunds (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    top_up_id uuid NOT NULL,
    cause text NOT NULL,
    status text NOT NULL,
    amount bigint NOT NULL,
    taken bigint NOT NULL,
    reason text,
    external_id text,
    failure text,
    checked_at bigint NOT NULL,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, top_up_id) REFERENCES top_ups (tenant_id, id),
    CONSTRAINT ck_top_up_refunds_cause CHECK (cause IN ('asked_for', 'made_at_gateway', 'charged_back')),
    CONSTRAINT ck_top_up_refunds_status CHECK (status IN ('pending', 'succeeded', 'failed')),
    CONSTRAINT ck_top_up_refunds_amount CHECK (amount > 0 AND taken BETWEEN 0 AND amount)
);
CREATE UNIQUE INDEX uq_top_up_refunds__top_up_id__external_id ON top_up_refunds (tenant_id, top_up_id, external_id) WHERE external_id IS NOT NULL AND status <> 'failed';
CREATE INDEX ix_top_up_refunds_top_up ON top_up_refunds (tenant_id, top_up_id, id);
CREATE INDEX ix_top_up_refunds_pending ON top_up_refunds (tenant_id, checked_at) WHERE status = 'pending';
",
};
