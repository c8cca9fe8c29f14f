-- The id of the trace that a request belongs to: what log lines and failed answers say.
alter table sync_entries add column trace text collate "C" not null default '';
