CREATE TABLE accounts (
  id                uuid        PRIMARY KEY,
  username          text        NOT NULL,
  email             text        NOT NULL,
  password_hash     text        NOT NULL,
  email_verified_at timestamptz,
  version           bigint      NOT NULL DEFAULT 1,
  created_at        timestamptz NOT NULL DEFAULT now(),
  updated_at        timestamptz NOT NULL DEFAULT now()
);
CREATE UNIQUE INDEX accounts_username ON accounts (lower(username));
CREATE UNIQUE INDEX accounts_email ON accounts (lower(email));

CREATE TABLE email_verifications (
  token_sha  bytea       PRIMARY KEY,
  account_id uuid        NOT NULL REFERENCES accounts ON DELETE CASCADE,
  email      text        NOT NULL,
  expires_at timestamptz NOT NULL,
  used_at    timestamptz
);
CREATE INDEX email_verifications_of_account ON email_verifications (account_id);

CREATE TABLE sessions (
  id         uuid        PRIMARY KEY,
  account_id uuid        NOT NULL REFERENCES accounts ON DELETE CASCADE,
  generation integer     NOT NULL DEFAULT 0,
  issued_at  timestamptz NOT NULL DEFAULT now(),
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL,
  revoked_at timestamptz
);
CREATE INDEX sessions_of_account ON sessions (account_id);

-- The private half is sealed to auth_worker: whoever reads this table cannot sign.
CREATE TABLE signing_keys (
  kid                text        PRIMARY KEY,
  sealed_private_key text        NOT NULL,
  public_jwk         json        NOT NULL,
  created_at         timestamptz NOT NULL DEFAULT now()
);

GRANT SELECT, INSERT, UPDATE, DELETE ON accounts, email_verifications, sessions, signing_keys TO auth_worker;
GRANT SELECT, INSERT, UPDATE, DELETE ON inbox, outbox TO auth_worker;
GRANT SELECT, INSERT, DELETE ON event_inbox TO auth_worker;
GRANT SELECT, INSERT ON event_log TO auth_worker;
