/** The shadow of any agent behind a queue: it notes what arrives. Which one it is says WAYBILL_CONSUMER. */
import { agentNames } from '../../../catalog/agents/index.ts';
import { agentsByName } from '../../agents/all.ts';
import { agentsService } from '../../agents/environment.ts';
import { shadowName, shadowOf } from '../../runtime/cutover/index.ts';
import { RuntimeError } from '../../runtime/errors.ts';
import type { SqsHandler } from '../../runtime/index.ts';
import { keptOnceMade } from '../../service/kept-once-made.ts';
import { setting } from '../../service/setting.ts';

const shadow = keptOnceMade(async () => {
  const consumer = setting('WAYBILL_CONSUMER');
  const agent = agentNames.find((name) => shadowName(name) === consumer);
  if (agent === undefined) {
    throw new RuntimeError(
      'WAYBILL_ENVIRONMENT_INVALID',
      `environment variable WAYBILL_CONSUMER must be the shadow of an agent, such as ${shadowName('sentiment')}, received '${consumer}'`,
    );
  }
  return shadowOf(agentsByName[agent](agentsService), await agentsService());
});

/** @throws RuntimeError WAYBILL_ENVIRONMENT_MISSING, WAYBILL_ENVIRONMENT_INVALID */
export const handler: SqsHandler = async (batch, invocation) => (await shadow())(batch, invocation);
