/** Consumer `tenant-provisioning`: sets up new tenants. */
import { TenantRegistered } from '../../catalog/index.ts';
import { provisionTenant } from '../core/consumers/tenant-provisioning.ts';
import { core } from '../core/environment.ts';
import { consume } from '../runtime/index.ts';

export const handler = consume(TenantRegistered, async (event) => provisionTenant(await core(), event));
