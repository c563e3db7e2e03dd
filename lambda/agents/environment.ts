/** What a deployed function or process of the agents system runs on, made from its environment at first use. */
import type { ReportFailure } from '../http/http-handler.ts';
import { TRANSPORT_NAMES } from '../runtime/cutover/index.ts';
import type { TransportName } from '../runtime/cutover/index.ts';
import { RuntimeError } from '../runtime/errors.ts';
import { createLogger } from '../runtime/index.ts';
import { describeError } from '../runtime/logger.ts';
import { createPool } from '../runtime/postgres/index.ts';
import { keptOnceMade } from '../service/kept-once-made.ts';
import { setting } from '../service/setting.ts';
import type { AgentsService } from './effects.ts';
import { agentsOn } from './service.ts';

export const logger = createLogger();

/** @throws RuntimeError WAYBILL_ENVIRONMENT_MISSING, WAYBILL_ENVIRONMENT_INVALID */
export function transportFromEnvironment(): TransportName {
  const name = setting('WAYBILL_TRANSPORT');
  const known = TRANSPORT_NAMES.find((one) => one === name);
  if (known !== undefined) return known;
  throw new RuntimeError(
    'WAYBILL_ENVIRONMENT_INVALID',
    `environment variable WAYBILL_TRANSPORT must be one of ${TRANSPORT_NAMES.join(', ')}, received '${name}'`,
  );
}

/** One for the process. A failure to make it is not kept, so that the next event tries again. */
export const agentsService: () => Promise<AgentsService> = keptOnceMade(async () =>
  agentsOn({ pool: await createPool({ logger }), transport: transportFromEnvironment(), logger }),
);

/** Names, codes and places; nothing of the request. */
export const reportFailure: ReportFailure = ({ error, ...failure }) => {
  logger.error('a request failed', { ...failure, error: describeError(error) });
};
