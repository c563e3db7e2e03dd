/** Consumer `audit-trail`: every event of every service. */
import { events } from '../../catalog/index.ts';
import { recordInAuditTrail } from '../core/consumers/audit-trail.ts';
import { core } from '../core/environment.ts';
import { consume } from '../runtime/index.ts';

export const handler = consume(events, async (event) => recordInAuditTrail(await core(), event));
