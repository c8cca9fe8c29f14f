alter table sync_entries drop column trace;
