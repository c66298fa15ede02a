-- revoked: the officer's generation was raised by a person; readdressed: by an import that took an address away.
ALTER TABLE registry.officer_audit DROP CONSTRAINT officer_audit_operation_check;
ALTER TABLE registry.officer_audit ADD CONSTRAINT officer_audit_operation_check
    CHECK (operation IN ('merged', 'removed', 'erased', 'exported', 'revoked', 'readdressed'));
