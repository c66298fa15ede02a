-- The audit of senders and keys is written by its trigger alone: with the rights of the tables' owner, so that a role that
-- may change senders can't write, change or take away a line of it. session_user stays who did it.
ALTER FUNCTION registry.audit_source() SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
