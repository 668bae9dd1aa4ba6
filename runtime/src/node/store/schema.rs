//! The store's tables. What must never be is forbidden here, so that no code can do it.

/// The steps from an empty file to the newest schema. A released step never changes: what is new is a new step.
///
/// Amounts are msat, times seconds since 1970.
pub(super) const STEPS: &[&str] = &[STEP_1, STEP_2, STEP_3, STEP_4];

const STEP_1: &str = "
    -- Numbers that never come twice, also when their row is deleted.
    CREATE TABLE counters (
        name TEXT NOT NULL PRIMARY KEY,
        value INTEGER NOT NULL CHECK (value > 0)
    ) STRICT;
    CREATE TRIGGER counters_grow BEFORE UPDATE ON counters WHEN NEW.value <= OLD.value BEGIN
        SELECT RAISE(ABORT, 'a counter only grows');
    END;
    CREATE TRIGGER counters_stay BEFORE DELETE ON counters BEGIN
        SELECT RAISE(ABORT, 'a counter stays');
    END;

    CREATE TABLE invoicerequests (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        invreq_id BLOB NOT NULL UNIQUE CHECK (length(invreq_id) = 32),
        bolt12 TEXT NOT NULL,
        label TEXT,
        status INTEGER NOT NULL CHECK (status BETWEEN 0 AND 6),
        single_use INTEGER NOT NULL CHECK (single_use = ((status & 2) <> 0)),
        min_amount INTEGER CHECK (min_amount >= 0),
        created_at INTEGER NOT NULL,
        UNIQUE (invreq_id, single_use)
    ) STRICT;
    CREATE TRIGGER invoicerequests_stay_used BEFORE UPDATE OF status ON invoicerequests
    WHEN (OLD.status & 4) > (NEW.status & 4) OR (OLD.status & 1) < (NEW.status & 1) BEGIN
        SELECT RAISE(ABORT, 'a request is never unused or enabled again');
    END;

    CREATE TABLE claims (
        created_index INTEGER PRIMARY KEY AUTOINCREMENT,
        updated_index INTEGER UNIQUE,
        payment_hash BLOB NOT NULL UNIQUE CHECK (length(payment_hash) = 32),
        invreq_id BLOB NOT NULL,
        single_use INTEGER NOT NULL,
        bolt12 TEXT NOT NULL,
        reply_path BLOB,
        state TEXT NOT NULL CHECK (state IN ('pending', 'complete', 'failed')),
        preimage BLOB CHECK (length(preimage) = 32),
        reason TEXT,
        created_at INTEGER NOT NULL,
        completed_at INTEGER,
        CHECK ((state = 'complete') = (preimage IS NOT NULL)),
        CHECK ((state = 'complete') = (completed_at IS NOT NULL)),
        CHECK ((state = 'failed') = (reason IS NOT NULL)),
        FOREIGN KEY (invreq_id, single_use) REFERENCES invoicerequests (invreq_id, single_use)
    ) STRICT;
    -- At most one payment ever for a single-use request.
    CREATE UNIQUE INDEX claims_once ON claims (invreq_id) WHERE single_use AND state <> 'failed';
    CREATE INDEX claims_of_request ON claims (invreq_id, state);
    CREATE INDEX claims_pending ON claims (created_index) WHERE state = 'pending';
    CREATE TRIGGER claims_complete_stay BEFORE UPDATE ON claims
    WHEN OLD.state = 'complete' AND (NEW.state <> 'complete' OR NEW.preimage <> OLD.preimage) BEGIN
        SELECT RAISE(ABORT, 'a payment that is complete stays so');
    END;
    CREATE TRIGGER claims_stay BEFORE DELETE ON claims WHEN OLD.state <> 'failed' BEGIN
        SELECT RAISE(ABORT, 'only failed claims are forgotten');
    END;

    CREATE TABLE invoices (
        created_index INTEGER PRIMARY KEY AUTOINCREMENT,
        updated_index INTEGER UNIQUE,
        label TEXT NOT NULL UNIQUE,
        payment_hash BLOB NOT NULL UNIQUE CHECK (length(payment_hash) = 32),
        invreq_id BLOB NOT NULL CHECK (length(invreq_id) = 32),
        offer_id BLOB CHECK (length(offer_id) = 32),
        bolt12 TEXT NOT NULL,
        preimage BLOB NOT NULL CHECK (length(preimage) = 32),
        description TEXT,
        amount INTEGER NOT NULL CHECK (amount >= 0),
        expires_at INTEGER NOT NULL,
        attempts INTEGER NOT NULL CHECK (attempts BETWEEN 1 AND 4294967295),
        state TEXT NOT NULL CHECK (state IN ('unpaid', 'accepted', 'paid', 'expired')),
        htlcs INTEGER,
        pay_index INTEGER UNIQUE,
        amount_received INTEGER CHECK (amount_received > 0),
        paid_at INTEGER,
        CHECK ((state IN ('accepted', 'paid')) = (htlcs IS NOT NULL)),
        CHECK ((state = 'paid') = (pay_index IS NOT NULL)),
        CHECK ((state = 'paid') = (amount_received IS NOT NULL)),
        CHECK ((state = 'paid') = (paid_at IS NOT NULL))
    ) STRICT;
    CREATE INDEX invoices_expiry ON invoices (expires_at) WHERE state = 'unpaid';
    CREATE INDEX invoices_accepted ON invoices (htlcs) WHERE state = 'accepted';
    CREATE INDEX invoices_of_offer ON invoices (offer_id) WHERE offer_id IS NOT NULL;
    CREATE TRIGGER invoices_states BEFORE UPDATE OF state ON invoices
    WHEN OLD.state <> NEW.state AND (OLD.state, NEW.state) NOT IN (VALUES
        ('unpaid', 'accepted'), ('unpaid', 'expired'), ('accepted', 'unpaid'), ('accepted', 'paid')) BEGIN
        SELECT RAISE(ABORT, 'no such step of an invoice');
    END;
    CREATE TRIGGER invoices_accepted_stay BEFORE DELETE ON invoices WHEN OLD.state = 'accepted' BEGIN
        SELECT RAISE(ABORT, 'an invoice that is being paid stays');
    END;
    CREATE TRIGGER invoices_bound BEFORE UPDATE OF htlcs ON invoices
    WHEN OLD.htlcs <> NEW.htlcs BEGIN
        SELECT RAISE(ABORT, 'an invoice is bound to one payment');
    END;
";

const STEP_2: &str = "
    -- Whose store it is.
    CREATE TABLE owner (
        one INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
        node_id BLOB NOT NULL CHECK (length(node_id) = 33),
        chain BLOB NOT NULL CHECK (length(chain) = 32)
    ) STRICT;
";

const STEP_3: &str = "
    -- A request that is made once for its label has it here too.
    ALTER TABLE invoicerequests ADD COLUMN unique_label TEXT;
    CREATE UNIQUE INDEX invoicerequests_once ON invoicerequests (unique_label) WHERE unique_label IS NOT NULL;
    -- What is set aside for a payment: its amount, and the most that its fees may be.
    ALTER TABLE claims ADD COLUMN budget INTEGER NOT NULL DEFAULT 0 CHECK (budget >= 0);
    CREATE INDEX claims_complete ON claims (completed_at) WHERE state = 'complete';
    -- What the store is told once and keeps.
    CREATE TABLE settings (
        name TEXT NOT NULL PRIMARY KEY,
        value BLOB NOT NULL
    ) STRICT;
";

const STEP_4: &str = "
    -- Payments that were asked for by hand, for no request of this node. They are numbered together with claims.
    CREATE TABLE payments (
        created_index INTEGER PRIMARY KEY,
        updated_index INTEGER UNIQUE,
        payment_hash BLOB NOT NULL UNIQUE CHECK (length(payment_hash) = 32),
        invreq_id BLOB NOT NULL CHECK (length(invreq_id) = 32),
        bolt12 TEXT NOT NULL,
        label TEXT,
        state TEXT NOT NULL CHECK (state IN ('pending', 'complete', 'failed')),
        preimage BLOB CHECK (length(preimage) = 32),
        reason TEXT,
        created_at INTEGER NOT NULL,
        completed_at INTEGER,
        CHECK ((state = 'complete') = (preimage IS NOT NULL)),
        CHECK ((state = 'complete') = (completed_at IS NOT NULL)),
        CHECK ((state = 'failed') = (reason IS NOT NULL))
    ) STRICT;
    CREATE INDEX payments_pending ON payments (created_index) WHERE state = 'pending';
    CREATE TRIGGER payments_complete_stay BEFORE UPDATE ON payments
    WHEN OLD.state = 'complete' AND (NEW.state <> 'complete' OR NEW.preimage <> OLD.preimage) BEGIN
        SELECT RAISE(ABORT, 'a payment that is complete stays so');
    END;
    CREATE TRIGGER payments_stay BEFORE DELETE ON payments BEGIN
        SELECT RAISE(ABORT, 'a payment stays');
    END;
    CREATE VIEW pays AS
        SELECT payment_hash, invreq_id, bolt12, NULL AS label, state, preimage, reason, created_at, completed_at,
            created_index, updated_index
        FROM claims
        UNION ALL
        SELECT payment_hash, invreq_id, bolt12, label, state, preimage, reason, created_at, completed_at,
            created_index, updated_index
        FROM payments;
";
