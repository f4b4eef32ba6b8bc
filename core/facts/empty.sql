-- Everything away, before the facts are derived anew.
DELETE FROM store.conclusions;
DELETE FROM store.edited;
DELETE FROM store.classifications;
DELETE FROM store.reopenings;
DELETE FROM store.daily;
DELETE FROM store.daily_by_agent;
DELETE FROM store.reasons;
DELETE FROM store.channels;
DELETE FROM store.sources;
DELETE FROM store.agents WHERE code > 0;
DELETE FROM store.classes WHERE code > 0;
DELETE FROM store.currencies WHERE code > 0;
