/** Which Kafka and which RabbitMQ a run has: real ones where the machine has them, embedded ones otherwise. */
import type { RegionBrokers } from '../aws/start-regions.ts';
import type { Companions } from '../aws/regions.ts';
import { BrokerError } from '../brokers/errors.ts';
import { findKafka } from '../brokers/kafka-installation.ts';
import { startRealKafka } from '../brokers/kafka.ts';
import { findRabbitmq, startRealRabbitmq } from '../brokers/rabbitmq.ts';
import { startEmbeddedKafka } from '../kafka/index.ts';
import { startEmbeddedRabbitmq } from '../rabbitmq/index.ts';

export const BROKER_CHOICES = ['auto', 'embedded', 'real'] as const;
/**
 * | choice | Kafka and RabbitMQ, each for itself |
 * |---|---|
 * | `auto` | real where one is found and starts, embedded otherwise |
 * | `embedded` | in this process, in memory |
 * | `real` | real; refused where there is none |
 */
export type BrokerChoice = (typeof BROKER_CHOICES)[number];

export interface RunBrokers {
  /** For one region. */
  of(): RegionBrokers;
  /** Which each is, and how to get the real one: one line for each, for the banner. */
  describe(): readonly (readonly [label: string, text: string])[];
  /** Ends those that were started ahead and that nobody took. */
  stop(): Promise<void>;
}

const INSTALL = 'npm run brokers:install puts a real one in place';
const ON_REQUEST = '--brokers auto takes a real one where it is installed';

/**
 * Starts real ones at once, so that they come up while the application is synthesized. Each further cluster or broker,
 * as those of a second region, starts when it is made.
 *
 * @throws BrokerError WAYBILL_BROKER_NOT_INSTALLED when real ones are asked for and one is missing
 */
export async function prepareBrokers(choice: BrokerChoice): Promise<RunBrokers> {
  const [kafka, rabbitmq] =
    choice === 'embedded' ? [undefined, undefined] : await Promise.all([findKafka(), findRabbitmq()]);
  const missing = [...(kafka ? [] : ['Kafka']), ...(rabbitmq ? [] : ['RabbitMQ'])];
  if (choice === 'real' && missing.length > 0) {
    throw new BrokerError(
      'WAYBILL_BROKER_NOT_INSTALLED',
      `no real ${missing.join(' and no real ')} on this machine: run 'npm run brokers:install', or leave out --brokers real`,
    );
  }
  const kafkas = pool({
    real: kafka && (() => startRealKafka({ installation: kafka })),
    realName: `real, ${kafka?.version ?? ''}`,
    mayFail: choice === 'auto',
    hint: choice === 'embedded' ? ON_REQUEST : INSTALL,
  });
  const rabbits = pool({
    real: rabbitmq && (() => startRealRabbitmq({ installation: rabbitmq })),
    realName: `real, ${rabbitmq?.server ?? ''}`,
    mayFail: choice === 'auto',
    hint: choice === 'embedded' ? ON_REQUEST : INSTALL,
  });
  return {
    of: () => {
      const running: Companions[] = [];
      const kept = <Broker extends Companions>(broker: Broker): Broker => {
        running.push(broker);
        return broker;
      };
      return {
        startKafka: async () => kept((await kafkas.take()) ?? (await startEmbeddedKafka())),
        startRabbitmq: async ({ user, port }) => {
          const real = await rabbits.take();
          if (real !== undefined) {
            await real.setPassword(user.username, user.password);
            return kept(real);
          }
          // As Amazon MQ sets RabbitMQ 4 up: quorum queues where nothing else is said.
          const settings = { users: [user], defaultQueueType: 'quorum', port: port ?? 0 } as const;
          return kept(await startEmbeddedRabbitmq(settings));
        },
        suspend: () => running.forEach((broker) => broker.suspend()),
        resume: () => running.forEach((broker) => broker.resume()),
      };
    },
    describe: () => [
      ['Kafka', kafkas.describe()],
      ['RabbitMQ', rabbits.describe()],
    ],
    stop: async () => {
      await Promise.all([kafkas.stop(), rabbits.stop()]);
    },
  };
}

interface Stoppable {
  stop(): Promise<void>;
}

interface PoolProps<Real> {
  readonly real: (() => Promise<Real>) | undefined;
  readonly realName: string;
  /** Whether an embedded one does as well. */
  readonly mayFail: boolean;
  readonly hint: string;
}

interface BrokerPool<Real> {
  /** Undefined: take an embedded one. */
  take(): Promise<Real | undefined>;
  describe(): string;
  stop(): Promise<void>;
}

function pool<Real extends Stoppable>({ real, realName, mayFail, hint }: PoolProps<Real>): BrokerPool<Real> {
  let failure: string | undefined;
  const start = (): Promise<Real | undefined> => {
    if (real === undefined || failure !== undefined) return Promise.resolve(undefined);
    return real().catch((error: unknown) => {
      if (!mayFail) throw error;
      failure = String(error).split('\n')[0] ?? '';
      return undefined;
    });
  };
  let ahead: Promise<Real | undefined> | undefined = start();
  // Whoever takes it gets the error.
  ahead.catch(() => {});
  return {
    take() {
      const taken = ahead ?? start();
      ahead = undefined;
      return taken;
    },
    describe: () => {
      if (failure !== undefined) return `embedded, since the real one did not start: ${failure}`;
      return real === undefined ? `embedded (${hint})` : realName;
    },
    async stop() {
      const left = ahead;
      ahead = undefined;
      await (await left?.catch(() => undefined))?.stop();
    },
  };
}
