/** Consumer `saga-starter`: an order placed begins its saga. */
import { sagaStartingEvents } from '../../../catalog/commerce/index.ts';
import { commerce } from '../../commerce/environment.ts';
import { startSaga } from '../../commerce/saga/start-saga.ts';
import { sagaStarter } from '../../commerce/saga/step-functions.ts';
import { controls } from '../../commerce/controls.ts';
import { consume } from '../../runtime/index.ts';
import { requiredVariable } from '../../runtime/environment.ts';

export const handler = consume(
  sagaStartingEvents,
  async (event) =>
    startSaga(
      await commerce(),
      sagaStarter(requiredVariable(process.env, 'WAYBILL_STATE_MACHINE_ARN')),
      event,
    ),
  { controls },
);
