/** Consumer `audit-trail`: every event of every service. */
import { coreEvents } from '../../catalog/index.ts';
import { recordInAuditTrail } from '../core/consumers/audit-trail.ts';
import { core } from '../core/environment.ts';
import { consume } from '../runtime/index.ts';

export const handler = consume(coreEvents, async (event) => recordInAuditTrail(await core(), event));
