/** What a deployed function of the generation system runs on, made from its environment at first use. */
import { generationEvents } from '../../catalog/generation/index.ts';
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

/** Whatever needs sealing fails without a grant: what users wrote never goes out as it is. */
const generationSealer = keptOnceMade(async () =>
  createSealer({ dataKeys: kmsDataKeys(), subjectKeys: postgresSubjectKeys({ pool: await pool() }) }),
);

/** For the consumers that may read prompts. */
export const sealer: Pick<Sealer, 'open'> = {
  open: async (event) => (await generationSealer()).open(event),
};

const contracts = new Map<string, AnyEventContract>(generationEvents.map((one) => [one.name, one]));

const seal: NonNullable<Service['seal']> = async (tx, events) => {
  const sealed: Envelope[] = [];
  for (const event of events) {
    const contract = contracts.get(event.eventType)!;
    // A function whose events have nothing to seal needs no key.
    const isOpen = contract.pii.length === 0;
    sealed.push(isOpen ? event : await (await generationSealer()).seal(contract, event, tx));
  }
  return sealed;
};

/** One for the process. A failure to make it is not kept, so that the next request tries again. */
export const generation: () => Promise<Service> = keptOnceMade(async () => {
  const database = databaseOf(await pool());
  const outbox = createOutbox({ contracts: generationEvents, nudge: nudgeQueue, logger });
  return { database, seal, enqueue: outbox.enqueue, nudge: outbox.nudge, processOnce };
});

/** Names, codes and places; nothing of the request. */
export const reportFailure: ReportFailure = ({ error, ...failure }) => {
  logger.error('a request failed', { ...failure, error: describeError(error) });
};
