//! The ledger's tables, and the rules by which money moves.

/// The steps from an empty file to the newest schema. A released step never changes: what is new is a new step.
///
/// Amounts are msat, times seconds since 1970.
pub(super) const STEPS: &[&str] = &[STEP_1];

const STEP_1: &str = "
    CREATE TABLE accounts (
        node_id BLOB NOT NULL PRIMARY KEY CHECK (length(node_id) = 33),
        balance INTEGER NOT NULL CHECK (balance >= 0),
        credited INTEGER NOT NULL CHECK (credited >= 0)
    ) STRICT;
    -- So that no sum of balances is more than a number holds.
    CREATE TRIGGER accounts_credit BEFORE INSERT ON accounts
    WHEN NEW.balance <> NEW.credited
        OR NEW.credited > 2100000000000000000 - (SELECT coalesce(sum(credited), 0) FROM accounts) BEGIN
        SELECT RAISE(ABORT, 'an account starts with its credit, and all credits are at most 21 million bitcoin');
    END;
    CREATE TRIGGER accounts_once BEFORE UPDATE OF node_id, credited ON accounts BEGIN
        SELECT RAISE(ABORT, 'an account is credited once');
    END;
    CREATE TRIGGER accounts_stay BEFORE DELETE ON accounts BEGIN
        SELECT RAISE(ABORT, 'an account stays');
    END;

    CREATE TABLE payments (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        payer BLOB NOT NULL REFERENCES accounts (node_id),
        payee BLOB NOT NULL REFERENCES accounts (node_id),
        payment_hash BLOB NOT NULL CHECK (length(payment_hash) = 32),
        invreq_id BLOB NOT NULL CHECK (length(invreq_id) = 32),
        amount INTEGER NOT NULL CHECK (amount > 0),
        path_key BLOB NOT NULL CHECK (length(path_key) = 33),
        blinded_node_id BLOB NOT NULL CHECK (length(blinded_node_id) = 33),
        encrypted_recipient_data BLOB NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('offered', 'fulfilled', 'failed', 'timed_out')),
        preimage BLOB CHECK (length(preimage) = 32),
        reason TEXT,
        created_at INTEGER NOT NULL,
        timeout_at INTEGER NOT NULL,
        CHECK ((state = 'fulfilled') = (preimage IS NOT NULL)),
        CHECK ((state = 'failed') = (reason IS NOT NULL))
    ) STRICT;
    -- A payer pays a hash once, and a payee is paid for it once.
    CREATE UNIQUE INDEX payments_paid_once ON payments (payer, payment_hash) WHERE state IN ('offered', 'fulfilled');
    CREATE UNIQUE INDEX payments_received_once ON payments (payee, payment_hash) WHERE state = 'fulfilled';
    CREATE INDEX payments_offered ON payments (payee, id) WHERE state = 'offered';
    CREATE INDEX payments_by_hash ON payments (payer, payment_hash, id);

    CREATE TABLE parts (
        payment INTEGER NOT NULL REFERENCES payments (id),
        part INTEGER NOT NULL CHECK (part > 0),
        amount INTEGER NOT NULL CHECK (amount > 0),
        PRIMARY KEY (payment, part)
    ) STRICT, WITHOUT ROWID;

    CREATE TRIGGER payments_begin BEFORE INSERT ON payments WHEN NEW.state <> 'offered' BEGIN
        SELECT RAISE(ABORT, 'a payment begins as an offer');
    END;
    CREATE TRIGGER payments_offer AFTER INSERT ON payments BEGIN
        UPDATE accounts SET balance = balance - NEW.amount WHERE node_id = NEW.payer;
    END;
    CREATE TRIGGER payments_end BEFORE UPDATE ON payments WHEN OLD.state <> 'offered' BEGIN
        SELECT RAISE(ABORT, 'a payment ends once');
    END;
    CREATE TRIGGER payments_whole BEFORE UPDATE OF state ON payments
    WHEN NEW.state = 'fulfilled' AND NEW.amount <> (SELECT coalesce(sum(amount), 0) FROM parts WHERE payment = NEW.id)
    BEGIN
        SELECT RAISE(ABORT, 'a payment is taken with all its parts');
    END;
    CREATE TRIGGER payments_fulfil AFTER UPDATE OF state ON payments WHEN NEW.state = 'fulfilled' BEGIN
        UPDATE accounts SET balance = balance + NEW.amount WHERE node_id = NEW.payee;
    END;
    CREATE TRIGGER payments_return AFTER UPDATE OF state ON payments WHEN NEW.state IN ('failed', 'timed_out') BEGIN
        UPDATE accounts SET balance = balance + NEW.amount WHERE node_id = NEW.payer;
    END;
    CREATE TRIGGER payments_fixed
    BEFORE UPDATE OF id, payer, payee, payment_hash, invreq_id, amount, created_at, timeout_at ON payments BEGIN
        SELECT RAISE(ABORT, 'of a payment only its end is written');
    END;
    CREATE TRIGGER payments_stay BEFORE DELETE ON payments BEGIN
        SELECT RAISE(ABORT, 'a payment stays');
    END;
    CREATE TRIGGER parts_fixed BEFORE UPDATE ON parts BEGIN
        SELECT RAISE(ABORT, 'a part stays as it is');
    END;
    CREATE TRIGGER parts_stay BEFORE DELETE ON parts BEGIN
        SELECT RAISE(ABORT, 'a part stays');
    END;
    CREATE TRIGGER parts_late BEFORE INSERT ON parts
    WHEN (SELECT state FROM payments WHERE id = NEW.payment) IS NOT 'offered' BEGIN
        SELECT RAISE(ABORT, 'parts come with their offer');
    END;
";
