-- A closed account keeps its id, which others may still name, and nothing that says whose it was.
ALTER TABLE accounts
  ADD COLUMN display_name text CHECK (char_length(display_name) <= 100),
  ADD COLUMN closed_at    timestamptz,
  ALTER COLUMN username      DROP NOT NULL,
  ALTER COLUMN email         DROP NOT NULL,
  ALTER COLUMN password_hash DROP NOT NULL,
  ADD CHECK ((closed_at IS NULL) = (username IS NOT NULL AND email IS NOT NULL AND password_hash IS NOT NULL)),
  ADD CHECK (closed_at IS NULL OR num_nonnulls(username, email, password_hash, display_name, email_verified_at) = 0);
-- For the search by prefix. COLLATE "C", because only there a prefix is a range.
CREATE INDEX accounts_username_prefix ON accounts (lower(username) COLLATE "C");

ALTER TABLE sessions
  ADD COLUMN user_agent        text,
  ADD COLUMN address           text,
  ADD COLUMN revocation_reason text,
  ADD COLUMN version           bigint NOT NULL DEFAULT 1;
-- What a gateway asks for that was not there to hear of it.
CREATE INDEX sessions_revoked ON sessions (revoked_at, id) WHERE revoked_at IS NOT NULL;
CREATE INDEX sessions_expired ON sessions (expires_at);

CREATE TABLE password_resets (
  token_sha  bytea       PRIMARY KEY,
  account_id uuid        NOT NULL REFERENCES accounts ON DELETE CASCADE,
  expires_at timestamptz NOT NULL,
  used_at    timestamptz
);
CREATE INDEX password_resets_of_account ON password_resets (account_id);

CREATE TABLE api_tokens (
  id         uuid        PRIMARY KEY,
  account_id uuid        NOT NULL REFERENCES accounts ON DELETE CASCADE,
  name       text        NOT NULL CHECK (char_length(name) BETWEEN 1 AND 100),
  scopes     text[]      NOT NULL CHECK (cardinality(scopes) > 0),
  token_sha  bytea       NOT NULL UNIQUE,
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL,
  revoked_at timestamptz
);
CREATE INDEX api_tokens_of_account ON api_tokens (account_id);
CREATE INDEX api_tokens_revoked ON api_tokens (revoked_at, id) WHERE revoked_at IS NOT NULL;

-- Published before it signs, and published until nothing that it signed is good any more.
ALTER TABLE signing_keys
  ADD COLUMN activated_at timestamptz,
  ADD COLUMN retired_at   timestamptz,
  ADD CHECK (retired_at IS NULL OR activated_at IS NOT NULL);
UPDATE signing_keys SET activated_at = created_at;
CREATE UNIQUE INDEX signing_keys_current ON signing_keys ((true)) WHERE activated_at IS NOT NULL AND retired_at IS NULL;
CREATE UNIQUE INDEX signing_keys_next ON signing_keys ((true)) WHERE activated_at IS NULL;

GRANT SELECT, INSERT, UPDATE, DELETE ON password_resets, api_tokens TO auth_worker;
