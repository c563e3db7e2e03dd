/** What a deployed function of the commerce system runs on, made from its environment at first use. */
import { commerceEvents } from '../../catalog/commerce/index.ts';
import type { AnyEventContract, Envelope } from '../../lib/contracts/index.ts';
import type { ReportFailure } from '../http/http-handler.ts';
import { processOnce } from '../runtime/inbox/index.ts';
import { createLogger } from '../runtime/index.ts';
import { describeError } from '../runtime/logger.ts';
import { createOutbox } from '../runtime/outbox/index.ts';
import { createPool } from '../runtime/postgres/index.ts';
import { createSealer, kmsDataKeys, postgresSubjectKeys } from '../runtime/sealing/index.ts';
import type { Sealer } from '../runtime/sealing/index.ts';
import { databaseOf } from '../service/database.ts';
import { keptOnceMade } from '../service/kept-once-made.ts';
import { nudgeQueue } from '../service/nudge-queue.ts';
import type { Service } from '../service/unit-of-work.ts';

export const logger = createLogger();

const pool = keptOnceMade(() => createPool({ logger }));

/** Whatever needs sealing fails without a grant: personal data never goes out as it is. */
const commerceSealer = keptOnceMade(async () =>
  createSealer({ dataKeys: kmsDataKeys(), subjectKeys: postgresSubjectKeys({ pool: await pool() }) }),
);

/** For the consumers that may read personal data. */
export const sealer: Pick<Sealer, 'open'> = {
  open: async (event) => (await commerceSealer()).open(event),
};

const contracts = new Map<string, AnyEventContract>(commerceEvents.map((one) => [one.name, one]));

const seal: NonNullable<Service['seal']> = async (tx, events) => {
  const made = await commerceSealer();
  const sealed: Envelope[] = [];
  for (const event of events) sealed.push(await made.seal(contracts.get(event.eventType)!, event, tx));
  return sealed;
};

/** One for the process. A failure to make it is not kept, so that the next request tries again. */
export const commerce: () => Promise<Service> = keptOnceMade(async () => {
  const database = databaseOf(await pool());
  const outbox = createOutbox({ contracts: commerceEvents, nudge: nudgeQueue, logger });
  return { database, seal, enqueue: outbox.enqueue, nudge: outbox.nudge, processOnce };
});

/** Names, codes and places; nothing of the request. */
export const reportFailure: ReportFailure = ({ error, ...failure }) => {
  logger.error('a request failed', { ...failure, error: describeError(error) });
};
