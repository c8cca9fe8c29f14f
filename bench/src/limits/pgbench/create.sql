-- What Rollcall sends to PostgreSQL for a SCIM create, statement for statement, for pgbench. Each client has an account of its own
-- with -D spread=1, all have the same with -D spread=0.
\set number random(1, 1000000000000000)
\set account :client_id * :spread
BEGIN READ WRITE; SET LOCAL statement_timeout='10s'; SET LOCAL lock_timeout='5s'; SET LOCAL idle_in_transaction_session_timeout='30s'; SET LOCAL synchronous_commit=on;
SELECT revision FROM heads WHERE account_id = 'bench-' || :account FOR UPDATE;
SELECT users.id, users.active, users.source FROM users WHERE users.account_id = 'bench-' || :account AND users.external_id = 'e-' || :number LIMIT 2;
SELECT DISTINCT u.id, u.active, u.source FROM settings s JOIN user_values v ON v.account_id = s.account_id AND v.attribute = 1 AND v.value = 'mail' || :number || '@example.com' JOIN users u ON u.account_id = v.account_id AND u.id = v.user_id WHERE s.account_id = 'bench-' || :account AND s.adoption = 3 LIMIT 2;
INSERT INTO users (account_id, id, version, created_at, updated_at, document, user_name, external_id, active, display_name, family_name, given_name, source) VALUES ('bench-' || :account, 'u-' || :number, 1, 1796104389529, 1796104389529, '\x1213706572736f6e33406578616d706c652e636f6d1a03652d3320012a0f1206506572736f6e1a05476976656e320a54686520506572736f6e721b0a116d61696c33406578616d706c652e636f6d1a04776f726b2001e00101', 'person' || :number || '@example.com', 'e-' || :number, true, 'the person ' || :number, 'person', 'given' || :number, 1) ON CONFLICT DO NOTHING;
INSERT INTO user_values (account_id, user_id, attribute, position, value, display, type, formatted, street_address, locality, region, postal_code, country, is_primary) VALUES ('bench-' || :account, 'u-' || :number, 1, 0, 'mail' || :number || '@example.com', NULL, 'work', NULL, NULL, NULL, NULL, NULL, NULL, true);
UPDATE heads SET revision = revision + 1, user_count = user_count + 1, group_count = group_count + 0 WHERE account_id = 'bench-' || :account RETURNING revision \gset
INSERT INTO changes (account_id, revision, changed_at, action, resource, detail) VALUES ('bench-' || :account, :revision, 1796104389529, 1, 'accounts/bench/users/u-' || :number, '\x');
SET LOCAL statement_timeout=0;
COMMIT;
