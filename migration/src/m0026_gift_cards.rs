//! Gift cards. Their codes are not kept, only what tells whether one is right.

use crate::script::{Access, Script, Table};

pub(crate) const MIGRATION: Script = Script {
    name: "m0026_gift_cards",
    tables: &[Table::new("gift_cards", Access::Tenant)],
    up: "
CREATE TABLE gift_cards (
    tenant_id uuid NOT NULL,
    id uuid NOT NULL,
    code_hash text NOT NULL,
    hint text NOT NULL,
    amount bigint NOT NULL,
    currency text NOT NULL,
    status text NOT NULL,
    note text,
    expires_at bigint,
    wallet_id uuid,
    redeemed_at bigint,
    created_at bigint NOT NULL,
    updated_at bigint NOT NULL,
    PRIMARY KEY (tenant_id, id),
    FOREIGN KEY (tenant_id, wallet_id) REFERENCES wallets (tenant_id, id),
    CONSTRAINT ck_gift_cards_amount CHECK (amount > 0),
    CONSTRAINT ck_gift_cards_status CHECK (status IN ('active', 'redeemed', 'voided')),
    CONSTRAINT ck_gift_cards_redeemed CHECK ((status = 'redeemed') = (wallet_id IS NOT NULL)
        AND (wallet_id IS NULL) = (redeemed_at IS NULL))
);
CREATE UNIQUE INDEX uq_gift_cards__code_hash ON gift_cards (tenant_id, code_hash);
CREATE INDEX ix_gift_cards_wallet ON gift_cards (tenant_id, wallet_id) WHERE wallet_id IS NOT NULL;
",
};
