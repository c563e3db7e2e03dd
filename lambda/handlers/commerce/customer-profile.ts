/** Consumer `customer-profile`: who a customer is. Opens personal data. */
import { customerProfileEvents } from '../../../catalog/commerce/index.ts';
import { updateProfile } from '../../commerce/consumers/customer-profile.ts';
import { commerce, sealer } from '../../commerce/environment.ts';
import { controls } from '../../commerce/controls.ts';
import { consume } from '../../runtime/index.ts';

export const handler = consume(
  customerProfileEvents,
  async (event) => updateProfile(await commerce(), event),
  { sealer, controls },
);
