/** What a tenant's id may be: it stands in keys, paths and attributes, where other characters would have a meaning. */
const TENANT_ID = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,63}$/;

export function isTenantId(value: string): boolean {
  return TENANT_ID.test(value);
}
